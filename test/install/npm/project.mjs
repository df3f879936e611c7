import { managerProgram } from '../managers/program.mjs';

/** How a row uses npm: the one of this machine. */
export const npm = {
  /** Writes the project; `replaced` says what every dependant of a package gets in its place. */
  project({ write }, { fields, replaced = {} }) {
    write('package.json', { private: true, ...fields, overrides: replaced });
  },
  install: (context, ...args) => context.npm(['install', ...args]),
  add: (context, ...packages) => context.npm(['install', ...packages]),
};

/** The npm that comes with Node 20. */
export const npm10 = managerProgram('npm-10/bin/npm-cli.js');
