import { join } from 'node:path';
import { root } from '../../package/projects.mjs';

/** Where the package managers are that the rows install with. */
export const managersFolder = 'test/install/managers';

/** Gives a function that runs this file of the package managers' folder with Node, in a row's context. */
export function managerProgram(file) {
  const path = join(root, managersFolder, 'node_modules', file);
  return ({ must }, args, options) => must(process.execPath, [path, ...args], options);
}
