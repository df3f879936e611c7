import { readFileSync } from 'node:fs';

/** The platforms of the addon, from the one list there is. */
export const targets = JSON.parse(readFileSync(new URL('./targets.json', import.meta.url), 'utf8'));

/** Those that are published, each as a package of its own. */
export const published = targets.filter(({ publish }) => publish);

/** The target of the machine that runs this. */
export function hostTarget() {
  const found = published.find(
    ({ os, cpu, libc }) =>
      os === process.platform &&
      cpu === process.arch &&
      (libc === undefined || libc === hostLibc()),
  );
  if (found) return found;
  throw new Error(
    `no target for ${process.platform} ${process.arch}; the list is npm/targets.json: ${targets.map((t) => t.suffix).join(', ')}`,
  );
}

function hostLibc() {
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}
