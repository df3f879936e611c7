import { readFileSync } from 'node:fs';

/**
 * A platform of the addon.
 *
 * @typedef {object} Target
 * @property {string} suffix its folder here, and its package's name after the scope
 * @property {string} triple Rust's name of it
 * @property {string} os what `process.platform` says there
 * @property {string} cpu what `process.arch` says there
 * @property {'glibc' | 'musl'} [libc] on Linux
 * @property {string} [glibc] the oldest glibc on which it loads: no symbol in it is newer
 * @property {string} [macos] the oldest macOS on which it loads
 * @property {string} runner the GitHub runner that builds it and on which, or in whose containers, it runs
 * @property {string} build the cargo command that builds it on the runner's operating system
 * @property {string} [linkCheck] the cargo command that only links it on another operating system
 * @property {Array<{ system: string, image?: string, prepare?: string }>} runs where it runs before it is published:
 *   on the runner itself or in a container of `image`, in which `prepare` installs Node when the image has none
 * @property {boolean} publish whether there is a package of it; one that is not stands in for one that cannot run here
 */

/** The platforms of the addon, from the one list there is. @type {Target[]} */
export const targets = JSON.parse(readFileSync(new URL('./targets.json', import.meta.url), 'utf8'));

/** Those that are published, each as a package of its own. */
export const published = targets.filter(({ publish }) => publish);

/** What the workflows run: one job of `build` for each published target, one of `run` for each system it must run on. */
export function matrix() {
  return {
    build: {
      include: published.map(({ suffix, triple, runner }) => ({ suffix, triple, runner })),
    },
    run: {
      include: published.flatMap(({ suffix, runner, runs }) =>
        runs.map(({ system, image = '', prepare = '' }) => ({
          suffix,
          runner,
          system,
          image,
          prepare,
        })),
      ),
    },
  };
}

/** The operating system, as `process.platform`, of the runner that builds a target. */
export function buildSystem({ runner }) {
  const [image] = runner.split('-');
  return { ubuntu: 'linux', macos: 'darwin', windows: 'win32' }[image];
}

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

/** The target of that suffix; undefined when the list has none. */
export const targetOf = (suffix) => targets.find((target) => target.suffix === suffix);

function hostLibc() {
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}
