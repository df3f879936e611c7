import { readFileSync } from 'node:fs';

/** The platforms of the addon, from the one list there is. */
export const targets = JSON.parse(readFileSync(new URL('./targets.json', import.meta.url), 'utf8'));

/** The target of the machine that runs this. */
export function hostTarget() {
  const found = targets.find(
    ({ os, cpu, libc, publish }) =>
      publish &&
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
