import { managerProgram } from '../managers/program.mjs';

/** How a row uses a pnpm, whose program is this file of the package managers' folder. */
export function pnpmOf(file) {
  const run = managerProgram(file);
  return {
    run,
    /** Writes the project; the settings are those of pnpm-workspace.yaml, which understands JSON. */
    project({ write }, { fields, replaced = {}, settings = {} }) {
      write('package.json', { private: true, ...fields });
      // What is published here is a minute old.
      write('pnpm-workspace.yaml', { minimumReleaseAge: 0, overrides: replaced, ...settings });
    },
    // In CI pnpm takes a lock file for the last word.
    install: (context, ...args) => run(context, ['install', '--no-frozen-lockfile', ...args]),
    add: (context, ...packages) => run(context, ['add', ...packages]),
  };
}

export const pnpm = pnpmOf('pnpm/bin/pnpm.cjs');

export const pnpm12 = pnpmOf('pnpm-12/bin/pnpm.mjs');
