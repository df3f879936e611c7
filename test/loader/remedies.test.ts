import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFailure, remediesFor } from '../../src/loader/failure.ts';
import { REMEDY_NAMES, type RemedyName } from '../../src/loader/remedy.ts';
import { search } from '../../src/loader/search.ts';
import { version } from '../../src/version.ts';
import { elf } from './binaries.ts';
import {
  addonOf,
  app,
  type Fake,
  fakeMachine,
  installed,
  packageOf,
  refusal,
  systemError,
} from './fake-machine.ts';

const gnu = 'linux-x64-gnu';
const told = new Set<RemedyName>();

/** The remedies of a machine on which nothing loads. */
function remediesOf(fake: Fake): string[] {
  const machine = fakeMachine(fake);
  const { addon, attempts } = search(machine);
  expect(addon).toBeUndefined();
  return remediesFor(machine, attempts).map(({ name, text }) => {
    told.add(name);
    return `${name}: ${text}`;
  });
}

function only(fake: Fake): string {
  const all = remediesOf(fake);
  expect(all).toHaveLength(1);
  return all[0] ?? '';
}

const saying = (message: string, platform = 'linux', suffix = gnu): Fake => ({
  platform,
  files: installed(suffix),
  loads: { [packageOf(suffix)]: refusal(message) },
});

/** The lock file of npm with entries for these platforms. */
const lock = (...suffixes: string[]): string =>
  JSON.stringify(
    {
      packages: {
        'node_modules/flipt-native': {
          optionalDependencies: {
            '@flipt-native/linux-x64-gnu': version,
            '@flipt-native/darwin-arm64': version,
          },
        },
        ...Object.fromEntries(
          suffixes.map((suffix) => [
            `node_modules/@flipt-native/${suffix}`,
            { version, optional: true },
          ]),
        ),
      },
    },
    undefined,
    2,
  );

describe('where no package is installed', () => {
  it('optional dependencies were left out', () => {
    expect(only({})).toMatch(
      /^omitted: optional dependencies were left out .* npm install --include=optional, .* --os=linux --cpu=x64 --libc=glibc$/,
    );
    const files = { '/app/package-lock.json': lock(gnu, 'darwin-arm64') };
    expect(only({ files })).toMatch(/^omitted: /);
  });

  it.each([
    [
      'the .npmrc of the project',
      { files: { '/app/.npmrc': 'loglevel=error\nomit = optional\n' } },
    ],
    [
      'the .npmrc of the user',
      { environment: { HOME: '/me' }, files: { '/me/.npmrc': 'optional=false' } },
    ],
    ['the .npmrc of npm 6', { files: { '/app/.npmrc': 'omit[]=optional' } }],
    ['the environment', { environment: { npm_config_omit: 'dev,optional' } }],
  ])('%s says so', (_, fake: Fake) => {
    expect(only(fake)).toMatch(/^omitted: the configuration of npm .*omit=optional/);
  });

  it('the lock file was made on another system', () => {
    const files = { '/app/package-lock.json': lock('darwin-arm64') };
    expect(only({ files })).toMatch(
      /^lock-file: package-lock\.json has only darwin-arm64: .* remove node_modules and package-lock\.json, then run npm install on this machine, or .* --os=linux/,
    );
  });

  it('the package of another machine is there', () => {
    const fake = { libc: 'musl', files: installed('darwin-arm64') } as const;
    expect(only(fake)).toMatch(
      /^other-machine: node_modules has the package for darwin-arm64: .* npm install --os=linux --cpu=x64 --libc=musl$/,
    );
    expect(only({ platform: 'win32', files: installed('darwin-arm64') })).toMatch(
      / npm install --os=win32 --cpu=x64$/,
    );
  });

  it('the platform is not supported, and those that are come from the manifest', () => {
    expect(only({ platform: 'freebsd' })).toMatch(
      /^unsupported: there is no package for freebsd x64, only for linux-x64-gnu, .*win32-arm64-msvc; build .* FLIPT_NATIVE_BINARY$/,
    );
    expect(only({ arch: 'riscv64' })).toMatch(/^unsupported: .*linux riscv64/);
  });

  it('the code was bundled', () => {
    for (const home of ['/app/out', undefined]) {
      expect(only({ home })).toMatch(/^bundled: .*external.*serverExternalPackages/);
    }
    const files = { '/app/package.json': '{ "name": "shop" }' };
    expect(only({ home: '/app/out', files })).toMatch(/^bundled: /);
  });

  it('a checkout was not built', () => {
    const files = { [`${app}/npm/${gnu}/package.json`]: '{}' };
    expect(only({ files })).toBe('checkout: run npm run build in the checkout');
    const broken = { ...files, [`${app}/npm/${gnu}/flipt_native.node`]: 'broken' };
    expect(only({ files: broken })).toBe('checkout: run npm run build in the checkout');
  });
});

describe('another package manager', () => {
  const everyLock = (suffix: string) => `
  '@flipt-native/${suffix}@${version}':
    resolution: {integrity: sha512-x}
`;

  it('is pnpm, by its lock file and by its folder', () => {
    const files = { '/app/pnpm-lock.yaml': everyLock(gnu) };
    const wanted =
      'supportedArchitectures: { os: [current, linux], cpu: [current, x64], libc: [current, glibc] } to pnpm-workspace.yaml';
    expect(only({ files })).toMatch(/^omitted: .* pnpm install without --no-optional/);
    expect(only({ files })).toContain(wanted);
    expect(only({ files: { ...files, ...installed('darwin-x64') } })).toContain(wanted);
    const home = `/app/node_modules/.pnpm/flipt-native@${version}/node_modules/flipt-native`;
    const there = { [`${home}/package.json`]: '{ "name": "flipt-native" }' };
    expect(only({ home: `${home}/dist`, files: there })).toContain(wanted);
  });

  it('is Yarn', () => {
    const files = {
      '/app/yarn.lock': `"@flipt-native/${gnu}@npm:${version}":\n  version: ${version}\n`,
    };
    expect(only({ files })).toMatch(
      /^omitted: .*run yarn install, .*supportedArchitectures.*\.yarnrc\.yml/,
    );
    const mac = {
      '/app/yarn.lock': `"@flipt-native/darwin-x64@npm:${version}":\n  version: ${version}\n`,
    };
    expect(only({ files: mac })).toMatch(
      /^lock-file: yarn\.lock has only darwin-x64: .*\.yarnrc\.yml/,
    );
    expect(only({ versions: { pnp: '3' } })).toContain('.yarnrc.yml');
  });

  it('is Yarn 1', () => {
    const files = { '/app/yarn.lock': '# yarn lockfile v1\n' };
    expect(only({ files })).toMatch(/^omitted: .*yarn install without --ignore-optional/);
    expect(only({ files: { ...files, ...installed('darwin-x64') } })).toMatch(
      /^other-machine: .*remove node_modules and install again/,
    );
  });

  it('is Bun', () => {
    const files = {
      '/app/bun.lock': `    "@flipt-native/${gnu}": ["@flipt-native/${gnu}@${version}"],`,
    };
    expect(only({ files })).toMatch(/^omitted: .*bun install without --omit/);
    const mac = {
      '/app/bun.lock': '    "@flipt-native/darwin-x64": ["@flipt-native/darwin-x64@1"],',
    };
    expect(only({ files: mac })).toMatch(/^lock-file: bun\.lock has only darwin-x64/);
  });
});

describe('where a package is installed', () => {
  const holding = (bytes: Buffer): Fake => ({ files: installed(gnu, bytes) });

  it.each<[RemedyName, Fake, RegExp]>([
    ['incomplete', { files: { [packageOf(gnu, 'package.json')]: '{}' } }, /remove node_modules/],
    ['stub', holding(Buffer.from('flipt-native stub: x')), /published packages/],
    [
      'truncated',
      holding(elf().subarray(0, -1)),
      new RegExp(`npm install flipt-native@${version}`),
    ],
    ['truncated', holding(Buffer.from('text')), /damaged/],
    ['architecture', holding(elf({ arch: 'arm64' })), /--os=linux --cpu=x64/],
    ['library', saying('libz.so.1: cannot open shared object file'), /add the library libz\.so\.1/],
    ['noexec', noexec(), /mount it without noexec/],
    ['security-module', confined(), /AppArmor/],
    ['application-control', onWindows('blocked by group policy'), /policy of Windows/],
    ['permissions', onWindows('Access is denied.'), /let the user/],
    ['permissions', onWindows('a virus'), /what scans files/],
    ['quarantine', onMac('library load disallowed by system policy'), /xattr -d/],
    ['library-validation', onMac('have different Team IDs'), /disable-library-validation/],
    ['sandbox', onMac('file system sandbox blocked open()'), /sandbox/],
    ['report', saying('something new'), /flipt-native doctor/],
  ])('the remedy is %s', (name, fake, text) => {
    const remedy = only(fake);
    expect(remedy).toMatch(new RegExp(`^${name}: `));
    expect(remedy).toMatch(text);
  });

  it('of the other C library, that is told', () => {
    const files = installed('linux-x64-musl');
    const loads = { [packageOf('linux-x64-musl')]: refusal('libc.so: invalid ELF header') };
    expect(only({ files, loads })).toMatch(/^libc: .*--libc=glibc$/);
  });

  it('for a newer system, the version is told', () => {
    const files = installed(gnu, elf({ needed: ['libc.so.6'], glibc: ['2.99'] }));
    const loads = { [packageOf(gnu)]: refusal("version `GLIBC_2.99' not found") };
    expect(only({ files, loads })).toMatch(/^glibc: .*glibc 2\.99 or newer/);
  });

  it.each([
    ['npm install', 'package-lock.json', '{}'],
    ['pnpm add', 'pnpm-lock.yaml', ''],
    ['yarn add', 'yarn.lock', ''],
    ['yarn add', 'yarn.lock', '# yarn lockfile v1'],
    ['bun add', 'bun.lockb', ''],
  ])('of another version, %s repairs it (%s)', (command, name, text) => {
    const files = { ...installed(gnu, elf(), '9.9.9'), [`/app/${name}`]: text };
    expect(only({ files })).toBe(
      `version: both have to be of one version: remove node_modules and run ${command} flipt-native@${version}`,
    );
  });

  it('each cause has its own remedy, said once', () => {
    const files = {
      ...installed(gnu, Buffer.from('x')),
      ...installed('linux-x64-musl', Buffer.from('x')),
    };
    expect(only({ files })).toMatch(/^truncated: /);
    const stub = installed('linux-x64-musl', Buffer.from('flipt-native stub: x'));
    expect(remediesOf({ files: { ...files, ...stub } })).toEqual([
      expect.stringMatching(/^truncated: /),
      expect.stringMatching(/^stub: /),
    ]);
  });
});

describe('FLIPT_NATIVE_BINARY', () => {
  const environment = { FLIPT_NATIVE_BINARY: '/own/addon.node' };
  const at = (content: string | Buffer | Error): Fake => ({
    environment,
    files: { '/own/addon.node': content },
  });

  it.each<[string, Fake]>([
    ['names nothing', { environment }],
    ['names text', at('text')],
    ['names a file that is cut off', at(elf().subarray(0, -1))],
    ['names a file for another machine', at(elf({ arch: 'arm64' }))],
    ['names another version', { ...at(elf()), loads: { '/own/addon.node': addonOf('0.0.1') } }],
  ])('is to be corrected where it %s, and nothing is to be installed', (_, fake) => {
    expect(only(fake)).toMatch(/^variable: let FLIPT_NATIVE_BINARY name an addon of this version/);
  });

  it('is not all where the system does not let the file be read', () => {
    expect(remediesOf(at(systemError('EACCES')))).toEqual([
      expect.stringMatching(/^permissions: /),
      expect.stringMatching(/^variable: /),
    ]);
  });
});

describe('the error', () => {
  it('has the machine, the versions, each attempt with its cause, and the remedy', () => {
    const cause = refusal('something new');
    const files = installed(gnu);
    const machine = fakeMachine({ files, loads: { [packageOf(gnu)]: cause } });
    const error = loadFailure(machine, search(machine).attempts);
    expect(error).toMatchObject({ name: 'InitializationError', code: 'FLIPT_NATIVE_LOAD', cause });
    expect(error.message.split('\n')).toEqual([
      `no native addon could be loaded on linux x64, glibc 2.36, Node 20.19.0; flipt-native ${version} tried`,
      `- @flipt-native/${gnu} (${packageOf(gnu)}): something new`,
      '- @flipt-native/linux-x64-musl: it is not installed',
      expect.stringMatching(/^remedy \(report\): report this message/),
    ]);
  });

  it('has both versions of a mismatch', () => {
    const machine = fakeMachine({ files: installed(gnu, elf(), '9.9.9') });
    expect(loadFailure(machine, search(machine).attempts).message).toContain(
      `it is version 9.9.9, but flipt-native is ${version}`,
    );
  });

  it.each([
    [{ platform: 'darwin', arch: 'arm64' }, 'darwin arm64, Node 20.19.0;'],
    [{ libc: 'musl', report: { sharedObjects: [] } }, 'linux x64, musl, Node 20.19.0;'],
    [
      { libc: 'none', report: { sharedObjects: [] }, versions: { bun: '1.3.0' } },
      'linux x64, an unknown C library, Node 20.19.0, Bun 1.3.0;',
    ],
  ] as [Fake, string][])('names the machine %o', (fake, text) => {
    const machine = fakeMachine(fake);
    expect(loadFailure(machine, search(machine).attempts).message).toContain(text);
  });
});

describe('the remedies', () => {
  it('have all been told here but that for archives, which has tests of its own', () => {
    expect([...told, 'archive'].sort()).toEqual([...REMEDY_NAMES].sort());
  });

  it('have a row each in the guide', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../docs/troubleshooting.md'), 'utf8');
    const rows = [...guide.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    expect(rows).toEqual([...REMEDY_NAMES]);
  });
});

function noexec(): Fake {
  const fake = saying('failed to map segment from shared object');
  return {
    ...fake,
    files: { ...fake.files, '/proc/self/mounts': 'tmpfs /app tmpfs noexec 0 0\n' },
  };
}

function confined(): Fake {
  const fake = saying('Permission denied');
  return { ...fake, files: { ...fake.files, '/proc/self/attr/current': 'shop (enforce)\n' } };
}

function onWindows(message: string): Fake {
  return saying(message, 'win32', 'win32-x64-msvc');
}

function onMac(message: string): Fake {
  return saying(message, 'darwin', 'darwin-x64');
}
