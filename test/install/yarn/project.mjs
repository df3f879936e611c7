import { join } from 'node:path';
import { root } from '../../package/projects.mjs';
import { managerProgram, managersFolder } from '../managers/program.mjs';

const yarnFile = '@yarnpkg/cli-dist/bin/yarn.js';
const runClassic = managerProgram('yarn/bin/yarn.js');
const runModern = managerProgram(yarnFile);

/** How a row uses yarn 1. */
export const classic = {
  run: runClassic,
  /** Writes the project; `replaced` says what every dependant of a package gets in its place. */
  project({ write }, { fields, replaced = {} }) {
    write('package.json', { private: true, ...fields, resolutions: replaced });
  },
  install: (context, ...args) => runClassic(context, ['install', ...args]),
  add: (context, ...packages) => runClassic(context, ['add', ...packages]),
};

/** How a row uses yarn 4 with this linker. */
export function modern(nodeLinker) {
  return {
    run: runModern,
    /** As above; the settings are those of .yarnrc.yml, which understands JSON. */
    project({ write }, { fields, replaced = {}, settings = {} }) {
      write('package.json', { private: true, ...fields, resolutions: replaced });
      // Without it, imports know nothing of PnP where package.json is not of type module.
      const pnpEnableEsmLoader = nodeLinker === 'pnp';
      write('.yarnrc.yml', { nodeLinker, pnpEnableEsmLoader, ...settings });
      // Says that no folder above is the project.
      write('yarn.lock', '');
    },
    install: (context, ...args) => runModern(context, ['install', ...args]),
    add: (context, ...packages) => runModern(context, ['add', ...packages]),
    ...(nodeLinker === 'pnp' && {
      // Yarn teaches TypeScript about PnP, but not one that has another name.
      companions: {
        'typescript-5': 'patch:typescript@npm%3A5.9.3#optional!builtin<compat/typescript>',
      },
      node: [process.execPath, join(root, managersFolder, 'node_modules', yarnFile), 'node'],
    }),
  };
}
