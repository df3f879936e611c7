import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
import { elsewhere } from '../elsewhere.mjs';
import { managersFolder } from '../managers/program.mjs';
import { npm, npm10 } from './project.mjs';

export const tools = [managersFolder];

const forElsewhere = [`--os=${elsewhere.os}`, `--cpu=${elsewhere.cpu}`];

export const rows = [
  fresh(npm),
  workspaces(npm),
  {
    name: 'global',
    async run(context) {
      const { folder, must, packages, flipt } = context;
      const prefix = join(folder, 'global');
      await npm.install(
        context,
        '--global',
        `--prefix=${prefix}`,
        `flipt-native@${packages.version}`,
      );
      const isWindows = process.platform === 'win32';
      const program = isWindows
        ? join(prefix, 'flipt-native.cmd')
        : join(prefix, 'bin/flipt-native');
      const asked = [
        'evaluate',
        'new-checkout',
        '-n',
        'shop',
        '-e',
        'ada',
        '-c',
        'email=ada@shop.example',
        '--json',
      ];
      const answer = await must(program, asked, {
        shell: isWindows,
        env: { FLIPT_URL: flipt.url },
      });
      assert.equal(JSON.parse(answer).value, true);
    },
  },
  {
    name: 'from the cache, offline',
    async run(context) {
      const { folder, npm: run } = context;
      npm.project(context, { fields: consumer(context, npm) });
      const cache = `--cache=${join(folder, 'cache')}`;
      await npm.install(context, cache);
      rmSync(join(folder, 'node_modules'), { recursive: true });
      await run(['ci', '--offline', cache]);
      await accept(context);
    },
  },
  {
    name: 'lock file of another system',
    async run(context) {
      const { folder, packages } = context;
      npm.project(context, { fields: consumer(context, npm) });
      await npm.install(context, ...forElsewhere);
      assert.deepEqual(platformsIn(folder), [elsewhere.suffix]);
      assert.deepEqual(
        platformsLocked(folder),
        packages.platforms.map(({ suffix }) => suffix).sort(),
      );
      await context.npm(['ci']);
      assert.deepEqual(platformsIn(folder), [packages.host.suffix]);
      await accept(context);
    },
  },
  {
    name: 'lock file of another system alone (npm 10)',
    async run(context) {
      const { folder, packages } = context;
      npm.project(context, { fields: user(context) });
      await npm10(context, ['install', ...forElsewhere]);
      // What it makes of an installation, it locks; npm 11 locks every platform again.
      rmSync(join(folder, 'package-lock.json'));
      await npm10(context, ['install', ...forElsewhere]);
      assert.deepEqual(platformsLocked(folder), [elsewhere.suffix]);
      await npm10(context, ['ci']);
      await isRefused(
        context,
        npm,
        `package-lock.json has only ${elsewhere.suffix}`,
        'remove node_modules',
      );
      for (const name of ['node_modules', 'package-lock.json'])
        rmSync(join(folder, name), { recursive: true });
      await npm10(context, ['install']);
      assert.deepEqual(await load(context), { version: packages.version });
    },
  },
  {
    name: '--omit=optional',
    async run(context) {
      const { packages } = context;
      npm.project(context, { fields: user(context) });
      await npm.install(context, '--omit=optional');
      await isRefused(context, npm, packages.host.name, 'npm install --include=optional');
      await npm.install(context, '--include=optional');
      assert.deepEqual(await load(context), { version: packages.version });
    },
  },
  {
    name: `--os=${elsewhere.os} --cpu=${elsewhere.cpu}`,
    async run(context) {
      const { folder, packages } = context;
      npm.project(context, { fields: user(context) });
      await npm.install(context, ...forElsewhere);
      assert.deepEqual(platformsIn(folder), [elsewhere.suffix]);
      const { platform, arch } = process;
      const remedy = `npm install --os=${platform} --cpu=${arch}`;
      await isRefused(context, npm, packages.host.name, elsewhere.suffix, remedy);
    },
  },
  oldName(npm),
  upgrade(npm),
  mismatch(npm),
];

/** The suffixes of the platform packages that are installed. */
function platformsIn(folder) {
  const scope = join(folder, 'node_modules/@flipt-native');
  return existsSync(scope) ? readdirSync(scope) : [];
}

function platformsLocked(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  return Object.keys(packages)
    .flatMap((path) => path.split('node_modules/@flipt-native/').slice(1))
    .sort();
}
