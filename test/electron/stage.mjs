// An application that uses flipt-native, as the packagers lay it out.

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostTarget } from '../../npm/targets.mjs';
import { root } from '../../scripts/steps/process.mjs';

const { suffix } = hostTarget();

/** Where the addon lies in an application's folder. */
export const addonIn = (folder) =>
  join(folder, 'node_modules/@flipt-native', suffix, 'flipt_native.node');

/** Puts the application into a folder, with this `binary` as the addon. */
export function stageApplication(
  folder,
  { binary = join(root, 'npm', suffix, 'flipt_native.node') } = {},
) {
  cpSync(join(import.meta.dirname, 'application'), folder, { recursive: true });
  const main = join(folder, 'node_modules/flipt-native');
  const platform = join(folder, 'node_modules/@flipt-native', suffix);
  for (const each of [main, platform]) mkdirSync(each, { recursive: true });
  cpSync(join(root, 'dist'), join(main, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(main, 'package.json'));
  cpSync(join(root, 'npm', suffix, 'package.json'), join(platform, 'package.json'));
  cpSync(binary, addonIn(folder));
}

/** Packs an application's folder beside it; `unpack` says which files stay outside. Resolves to the archive. */
export async function packApplication(folder, { unpack } = {}) {
  const asar = await import('@electron/asar');
  const archive = join(folder, '..', 'resources', 'app.asar');
  rmSync(join(archive, '..'), { recursive: true, force: true });
  await asar.createPackageWithOptions(folder, archive, unpack === undefined ? {} : { unpack });
  return archive;
}

/** A module `electron` for plain Node, with what the application uses of it. */
export function lendElectron(folder) {
  const module = join(folder, 'node_modules/electron');
  mkdirSync(module, { recursive: true });
  writeFileSync(
    join(module, 'index.js'),
    `const { fork } = require('node:child_process');
exports.app = { whenReady: async () => {}, exit: (code) => process.exit(code) };
exports.utilityProcess = { fork: (file) => fork(file) };
`,
  );
}
