import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { accept, load } from '../acceptance/accept.mjs';
import {
  consumer,
  fresh,
  isRefused,
  mismatch,
  oldName,
  upgrade,
  user,
  workspaces,
} from '../acceptance/rows.mjs';
import { chosenFrom, elsewhere, hereAndElsewhere, onlyElsewhere } from '../elsewhere.mjs';
import { managersFolder } from '../managers/program.mjs';
import { pnpm, pnpm12 } from './project.mjs';

export const tools = [managersFolder];

export const rows = [
  fresh(pnpm, 'default'),
  fresh(pnpm12, 'default (pnpm 12)'),
  fresh(pnpm, 'hoisted', { nodeLinker: 'hoisted' }),
  workspaces(pnpm, 'workspaces', { packages: ['apps/*'] }),
  {
    name: 'supportedArchitectures with this system',
    async run(context) {
      const { packages } = context;
      pnpm.project(context, {
        fields: consumer(context, pnpm),
        settings: { supportedArchitectures: hereAndElsewhere },
      });
      await pnpm.install(context);
      const installed = platformsIn(context);
      assert.deepEqual(installed, chosenFrom(packages));
      await accept(context, pnpm);
    },
  },
  {
    name: 'supportedArchitectures without this system',
    async run(context) {
      const { packages } = context;
      const settings = { supportedArchitectures: onlyElsewhere };
      pnpm.project(context, { fields: user(context), settings });
      await pnpm.install(context);
      assert.deepEqual(platformsIn(context), [elsewhere.suffix]);
      await isRefused(context, pnpm, packages.host.name, 'supportedArchitectures');
    },
  },
  {
    name: '--no-optional',
    async run(context) {
      const { packages } = context;
      pnpm.project(context, { fields: user(context) });
      await pnpm.install(context, '--no-optional');
      await isRefused(context, pnpm, packages.host.name, 'pnpm install without --no-optional');
      rmSync(join(context.folder, 'node_modules'), { recursive: true });
      await pnpm.install(context);
      assert.deepEqual(await load(context), { version: packages.version });
    },
  },
  {
    name: 'from the store, offline',
    async run(context) {
      const { folder } = context;
      pnpm.project(context, { fields: consumer(context, pnpm) });
      const store = `--store-dir=${join(folder, 'store')}`;
      await pnpm.install(context, store);
      rmSync(join(folder, 'node_modules'), { recursive: true });
      await pnpm.run(context, ['install', '--frozen-lockfile', '--offline', store]);
      await accept(context, pnpm);
    },
  },
  {
    name: 'young versions, exempt by name (pnpm 12)',
    async run(context) {
      const settings = {
        minimumReleaseAge: 24 * 60,
        minimumReleaseAgeStrict: true,
        minimumReleaseAgeExclude: ['flipt-native', '@flipt-native/*'],
      };
      pnpm12.project(context, { fields: user(context), settings });
      await pnpm12.install(context);
      assert.deepEqual(await load(context), { version: context.packages.version });
    },
  },
  oldName(pnpm),
  upgrade(pnpm),
  mismatch(pnpm),
];

/** The suffixes of the platform packages that are installed. */
function platformsIn({ folder }) {
  return readdirSync(join(folder, 'node_modules/.pnpm'))
    .flatMap((name) => name.match(/^@flipt-native\+(.*)@/)?.[1] ?? [])
    .sort();
}
