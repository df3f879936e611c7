import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostTarget } from '../../npm/targets.mjs';
import { loadFailure } from '../../src/loader/failure.ts';
import { thisMachine } from '../../src/loader/machine.ts';
import { search } from '../../src/loader/search.ts';
import { version } from '../../src/version.ts';
import { elf } from './binaries.ts';
import { type Fake, fakeMachine, manifest, refusal, systemError } from './fake-machine.ts';

const asar = '/opt/shop/resources/app.asar';
const inside = (path: string) => `${asar}/node_modules/${path}`;
const outside = (path: string) => `${asar}.unpacked/node_modules/${path}`;
const addon = '@flipt-native/linux-x64-gnu/flipt_native.node';

/** A packed application; what Electron shows of its archive are files, too. */
function packed(files: Fake['files'], more: Fake = {}): Fake {
  return {
    home: inside('flipt-native/dist'),
    versions: { electron: '37.2.0' },
    files: { [inside('flipt-native/package.json')]: manifest, ...files },
    ...more,
  };
}

describe('an application in app.asar', () => {
  it('loads the addon that is left unpacked beside it', () => {
    const machine = fakeMachine(packed({ [inside(addon)]: elf(), [outside(addon)]: elf() }));
    expect(search(machine).addon).toBeDefined();
    expect(machine.loaded).toEqual([outside(addon)]);
  });

  it('loads it where nothing reads archives, and no name resolves', () => {
    const machine = fakeMachine(packed({ [outside(addon)]: elf() }, { versions: {} }));
    expect(search(machine).addon).toBeDefined();
    expect(machine.loaded).toEqual([outside(addon)]);
  });

  it('loads what FLIPT_NATIVE_BINARY names inside of it', () => {
    const environment = { FLIPT_NATIVE_BINARY: inside(addon) };
    const machine = fakeMachine(
      packed({ [inside(addon)]: elf(), [outside(addon)]: elf() }, { environment }),
    );
    expect(search(machine).addon).toBeDefined();
    expect(machine.loaded).toEqual([outside(addon)]);
  });

  it('loads it by the copy that Electron makes of a file that is packed', () => {
    const machine = fakeMachine(packed({ [inside(addon)]: elf() }));
    expect(search(machine).addon).toBeDefined();
    expect(machine.loaded).toEqual([inside(addon)]);
  });

  it.each([
    [
      'that no copy can be made of',
      { [inside(addon)]: elf() },
      refusal('EROFS: read-only file system'),
    ],
    ['that cannot be read', { [inside(addon)]: systemError('ENOTDIR') }, undefined],
  ])('says of a packed file %s that it is, and how to unpack it', (_, files, thrown) => {
    const loads = thrown === undefined ? {} : { [inside(addon)]: thrown };
    const machine = fakeMachine(packed(files, { loads }));
    const { attempts } = search(machine);
    expect(attempts).toContainEqual(
      expect.objectContaining({ cause: { kind: 'archived', archive: asar } }),
    );
    const { message } = loadFailure(machine, attempts);
    expect(message).toContain('Electron 37.2.0');
    expect(message).toMatch(
      /remedy \(archive\): leave the addon outside of the archive: asarUnpack/,
    );
  });
});

describe('real files beside an archive', () => {
  it('are loaded', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-archive-')));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { suffix } = hostTarget();
    const binary = `node_modules/@flipt-native/${suffix}/flipt_native.node`;
    const unpacked = join(folder, 'app.asar.unpacked', binary);
    mkdirSync(dirname(unpacked), { recursive: true });
    copyFileSync(join(import.meta.dirname, '../../npm', suffix, 'flipt_native.node'), unpacked);
    const home = join(folder, 'app.asar/node_modules/flipt-native/dist');
    const machine = thisMachine(home, () => '/nowhere');
    const { addon, attempts } = search({ ...machine, environment: {} });
    expect(addon?.version()).toBe(version);
    expect(attempts.at(-1)?.path).toBe(unpacked);
  });
});

describe('a package of Yarn whose platform package is not installed', () => {
  it('is told that, and not to unplug what is not there', () => {
    const folder = '/app/.yarn/cache/flipt-native-npm-0.1.0.zip/node_modules/flipt-native';
    const machine = fakeMachine({
      home: `${folder}/dist`,
      files: {
        [`${folder}/package.json`]: manifest,
        '/app/yarn.lock': '__metadata:\n  version: 8\n',
      },
    });
    const { message } = loadFailure(machine, search(machine).attempts);
    expect(message).toMatch(/@flipt-native\/linux-x64-gnu: it is not installed/);
    expect(message).not.toMatch(/remedy \(archive\)/);
    expect(message).toMatch(/remedy \(omitted\): .*supportedArchitectures/);
  });
});

describe('a package of Yarn that was not unplugged', () => {
  it('is told to lie in its zip', () => {
    const zip = '/app/.yarn/cache/@flipt-native-linux-x64-gnu-npm-0.1.0.zip';
    const path = `${zip}/node_modules/${addon}`;
    const machine = {
      ...fakeMachine({
        files: { [path]: elf() },
        loads: { [path]: refusal(`${path}: cannot open shared object file: Not a directory`) },
      }),
      resolve: () => path,
    };
    const { attempts } = search(machine);
    expect(attempts).toContainEqual(
      expect.objectContaining({ cause: { kind: 'archived', archive: zip } }),
    );
    expect(loadFailure(machine, attempts).message).toMatch(/unplugged: true/);
  });
});
