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
import { chosenFrom, hereAndElsewhere, onlyElsewhere } from '../elsewhere.mjs';
import { managersFolder } from '../managers/program.mjs';
import { classic, modern } from './project.mjs';

export const tools = [managersFolder];

const linked = modern('node-modules');
const plugged = modern('pnp');
export const rows = [
  fresh(classic, 'yarn 1'),
  workspaces(classic, 'yarn 1, workspaces'),
  {
    name: 'yarn 1, offline mirror',
    async run(context) {
      const { folder, write } = context;
      classic.project(context, { fields: consumer(context, classic) });
      write('.yarnrc', 'yarn-offline-mirror "./mirror"\n');
      await classic.install(context, `--cache-folder=${join(folder, 'cache')}`);
      for (const name of ['node_modules', 'cache']) rmSync(join(folder, name), { recursive: true });
      await classic.install(
        context,
        '--offline',
        '--frozen-lockfile',
        `--cache-folder=${join(folder, 'other-cache')}`,
      );
      await accept(context, classic);
    },
  },
  {
    name: 'yarn 1, --ignore-optional',
    async run(context) {
      const { packages } = context;
      classic.project(context, { fields: user(context) });
      await classic.install(context, '--ignore-optional');
      await isRefused(context, classic, packages.host.name, 'without --ignore-optional');
      rmSync(join(context.folder, 'node_modules'), { recursive: true });
      await classic.install(context);
      assert.deepEqual(await load(context), { version: packages.version });
    },
  },
  oldName(classic, 'yarn 1, under the old name'),
  upgrade(classic, 'yarn 1, upgrade'),
  mismatch(classic, 'yarn 1, platform package of another version'),
  fresh(linked, 'yarn 4, node-modules'),
  fresh(plugged, 'yarn 4, PnP'),
  workspaces(plugged, 'yarn 4, PnP, workspaces'),
  {
    name: 'yarn 4, supportedArchitectures with this system',
    async run(context) {
      const { folder, packages } = context;
      linked.project(context, {
        fields: consumer(context, linked),
        settings: { supportedArchitectures: hereAndElsewhere },
      });
      await linked.install(context);
      assert.deepEqual(
        readdirSync(join(folder, 'node_modules/@flipt-native')).sort(),
        chosenFrom(packages),
      );
      await accept(context, linked);
    },
  },
  {
    name: 'yarn 4, supportedArchitectures without this system',
    async run(context) {
      const { packages } = context;
      const settings = { supportedArchitectures: onlyElsewhere };
      plugged.project(context, { fields: user(context), settings });
      await plugged.install(context);
      await isRefused(context, plugged, packages.host.name, 'supportedArchitectures');
    },
  },
  {
    name: 'yarn 4, PnP, from its cache, offline',
    async run(context) {
      const { folder } = context;
      const settings = { enableGlobalCache: false };
      plugged.project(context, { fields: consumer(context, plugged), settings });
      await plugged.install(context);
      for (const name of ['.pnp.cjs', '.yarn/unplugged'])
        rmSync(join(folder, name), { recursive: true });
      const offline = { YARN_ENABLE_NETWORK: '0' };
      await plugged.run(context, ['install', '--immutable', '--immutable-cache'], { env: offline });
      await accept(context, plugged);
    },
  },
  {
    name: 'yarn 4, young versions, exempt by name',
    async run(context) {
      const settings = {
        npmMinimalAgeGate: '1d',
        npmPreapprovedPackages: ['flipt-native', '@flipt-native/*'],
      };
      linked.project(context, { fields: user(context), settings });
      await linked.install(context);
      assert.deepEqual(await load(context), { version: context.packages.version });
    },
  },
  oldName(plugged, 'yarn 4, PnP, under the old name'),
  upgrade(plugged, 'yarn 4, PnP, upgrade'),
  mismatch(linked, 'yarn 4, platform package of another version'),
];
