import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targetOf } from '../../npm/targets.mjs';
import { root, runNode, StepError } from '../../scripts/steps/process.mjs';
import { buildPaths } from '../../scripts/targets/build-paths.mjs';
import { readElf } from '../../scripts/targets/elf.mjs';
import { verifyBinary } from '../../scripts/targets/verify.mjs';
import { readImage } from './support.ts';

const GOOD = {
  'linux-x64-gnu': 'linux-x64-gnu.so',
  'linux-arm64-gnu': 'linux-arm64-gnu.so',
  'linux-x64-musl': 'linux-x64-musl.so',
  'linux-arm64-musl': 'linux-arm64-musl.so',
  'darwin-x64': 'darwin-x64.dylib',
  'darwin-arm64': 'darwin-arm64.dylib',
  'win32-x64-msvc': 'win32-x64.dll',
  'win32-x64-gnu': 'win32-x64.dll',
};

/** The names of the rules that an image breaks, with what was found. */
function broken(image: Buffer, suffix: string): Record<string, string> {
  const target = targetOf(suffix);
  if (target === undefined) throw new Error(`no target ${suffix}`);
  const rules = verifyBinary(image, target).filter(({ holds }) => !holds);
  return Object.fromEntries(rules.map(({ name, found }) => [name, found]));
}

/** The image with other bytes in the place of the only ones that are so. */
function replaced(image: Buffer, from: Buffer | string, to: Buffer | string): Buffer {
  const [old, fresh] = [Buffer.from(from), Buffer.from(to)];
  const at = image.indexOf(old);
  if (at < 0 || image.indexOf(old, at + 1) >= 0) throw new Error(`not once: ${from}`);
  expect(fresh.length).toBe(old.length);
  return Buffer.concat([image.subarray(0, at), fresh, image.subarray(at + old.length)]);
}

describe('a good image keeps every rule', () => {
  it.each(Object.entries(GOOD))('%s', (suffix, name) => {
    expect(broken(readImage(name), suffix)).toEqual({});
  });
});

describe('of any format', () => {
  const good = () => readImage('linux-x64-gnu.so');

  it('one of another format is told apart', () => {
    expect(broken(good(), 'win32-x64-msvc')).toEqual({ format: 'ELF' });
    expect(broken(readImage('win32-x64.dll'), 'darwin-x64')).toEqual({ format: 'PE' });
    expect(broken(readImage('darwin-x64.dylib'), 'linux-x64-gnu')).toEqual({ format: 'Mach-O' });
    expect(broken(Buffer.from('#!/bin/sh'), 'linux-x64-gnu')).toEqual({
      format: '9 bytes that begin with 23212f62',
    });
  });

  it('a stub is named', () => {
    const stub = Buffer.from('flipt-native stub: linux-x64-gnu 0.1.0 was not built\n');
    expect(() => broken(stub, 'linux-x64-gnu')).toThrow('a stand-in: flipt-native stub: linux-x64');
  });

  it('one for another machine is found', () => {
    expect(broken(readImage('linux-x64-musl.so'), 'linux-arm64-musl')['architecture']).toBe('x64');
    expect(broken(readImage('win32-x64.dll'), 'win32-arm64-msvc')).toEqual({ architecture: 'x64' });
    expect(broken(readImage('darwin-arm64.dylib'), 'darwin-x64')).toEqual({
      architecture: 'arm64',
      'oldest system': '11.0.0',
    });
  });

  it('a missing entry point and a name too many are found', () => {
    const renamed = replaced(good(), 'napi_register_module_v1', 'napi_register_module_v2');
    expect(broken(renamed, 'linux-x64-gnu')).toEqual({ exports: 'napi_register_module_v2' });
    expect(broken(readImage('exports.so'), 'linux-x64-gnu')['exports']).toContain('zlib_version');
  });

  it('a path of the machine that built it is found', () => {
    expect(broken(readImage('path.so'), 'linux-x64-gnu')['build paths']).toBe(
      '/home/ada/project/src/addon.c',
    );
    const paths = [
      '/Users/ada/addon.node',
      'C:\\Users\\ada\\addon.pdb',
      'D:\\a\\flipt\\addon.pdb',
      '/opt/build/engine/src/client.rs',
      '/home/ada/.cargo/registry/src/h2/lib.rs',
      join(root, 'engine'),
      join(homedir(), 'engine'),
    ];
    for (const path of paths) {
      expect(buildPaths(Buffer.from(`some text\0${path}\0`)), path).not.toEqual([]);
    }
    const published = [
      `/rustc/${'0123456789'.repeat(4)}/library/core/src/option.rs`,
      '/crates/h2-0.4.20/src/lib.rs',
      '/rust/deps\\gimli-0.32.3\\src\\read\\abbrev.rs',
      'engine/src/client.rs',
      '\\uengine/src/client.rs',
      '/etc/ssl/certs/ca-certificates.crt',
    ];
    for (const path of published) {
      expect(buildPaths(Buffer.from(`some text\0${path}\0`)), path).toEqual([]);
    }
  });

  it('one that is too large is found', () => {
    const ballast = randomFillSync(Buffer.alloc(2_500_000));
    expect(broken(Buffer.concat([good(), ballast]), 'linux-x64-gnu')).toHaveProperty('gzip');
    const zeros = Buffer.concat([good(), Buffer.alloc(6_000_000)]);
    expect(Object.keys(broken(zeros, 'linux-x64-gnu'))).toEqual(['size']);
  });

  it.each([...new Set(Object.values(GOOD)), 'unstripped.so', 'unstripped.dll'])(
    '%s says where it ends too early, wherever it is cut',
    (name) => {
      const image = readImage(name);
      const suffix = Object.entries(GOOD).find(([, good]) => good.endsWith(name.slice(-3)))?.[0];
      for (let step = 1; step < 200; step += 1) {
        const length = Math.floor((image.length * step) / 200);
        let problem: unknown;
        try {
          broken(image.subarray(0, length), suffix ?? '');
        } catch (error) {
          problem = error;
        }
        expect(problem, `${length} of ${image.length} bytes`).toBeInstanceOf(StepError);
        expect((problem as Error).message).toMatch(/^(truncated|malformed): /);
      }
    },
  );
});

describe('of an ELF image', () => {
  const good = () => readImage('linux-x64-gnu.so');
  const suffix = 'linux-x64-gnu';

  /** The good image with one field of one program header changed. */
  function changed(type: number, offset: number, value: number): Buffer {
    const image = good();
    const start = Number(image.readBigUInt64LE(32));
    for (let left = image.readUInt16LE(56), at = start; left > 0; left -= 1, at += 56) {
      if (image.readUInt32LE(at) === type) image.writeUInt32LE(value, at + offset);
    }
    return image;
  }

  it('a glibc above the floor is found', () => {
    expect(broken(readImage('newer-glibc.so'), suffix)['glibc']).toBe('2.25');
    expect(broken(good(), 'linux-x64-musl')).toMatchObject({
      glibc: '2.2.5',
      libraries: 'libc.so.6',
    });
  });

  it.each(['library.so', 'run-path.so', 'unloadable.so', 'unstripped.so'])('%s', (name) => {
    const rules = {
      'library.so': { libraries: './libhelper.so, libc.so.6' },
      'run-path.so': { 'search paths': '/opt/addon' },
      'unloadable.so': { 'stays loaded': 'no' },
      'unstripped.so': { stripped: expect.stringContaining('.symtab') },
    };
    expect(broken(readImage(name), suffix)).toMatchObject(rules[name as keyof typeof rules]);
  });

  it('a stack that is executable, or of which nothing is said, is found', () => {
    const stack = 0x6474e551;
    expect(broken(changed(stack, 4, 7), suffix)).toEqual({ stack: 'executable' });
    expect(broken(changed(stack, 0, 0x70000000), suffix)).toEqual({ stack: 'unstated' });
  });

  it('code that can be written is found', () => {
    expect(broken(changed(1, 4, 7), suffix)).toHaveProperty('writable code');
  });

  it('one that needs small pages is found', () => {
    expect(broken(changed(1, 48, 0x800), suffix)).toEqual({ 'page size': '2 KiB' });
  });

  it('reads what stands in a program as well', () => {
    const program = readElf(readImage('packed.so'));
    expect(program).toMatchObject({ cpu: 'x64', needed: ['libc.so.6'], interpreter: undefined });
  });
});

describe('of a PE image', () => {
  const suffix = 'win32-x64-msvc';
  const optional = (image: Buffer) => image.readUInt32LE(0x3c) + 24;

  it('a library that Windows does not have, and the name of the host, are found', () => {
    expect(broken(readImage('library.dll'), suffix)['libraries']).toMatch(/^node\.exe beside/);
    const runtime = replaced(readImage('win32-x64.dll'), 'KERNEL32.dll', 'vcrunti1.dll');
    expect(broken(runtime, suffix)['libraries']).toMatch(/^vcrunti1\.dll beside/);
  });

  it('what is not stripped is found', () => {
    expect(broken(readImage('unstripped.dll'), suffix)['stripped']).toContain('.debug_info');
  });

  it('one for a newer Windows is found', () => {
    const image = readImage('win32-x64.dll');
    image.writeUInt16LE(11, optional(image) + 48);
    expect(broken(image, suffix)).toEqual({ 'oldest system': '11.2' });
  });

  it.each([
    ['stack', 0x100, 'executable'],
    ['address', 0x40, 'fixed'],
  ])('the flag for %s is missed', (rule, flag, found) => {
    const image = readImage('win32-x64.dll');
    const at = optional(image) + 70;
    image.writeUInt16LE(image.readUInt16LE(at) & ~flag, at);
    expect(broken(image, suffix)).toEqual({ [rule]: found });
  });

  it('code that can be written is found', () => {
    const image = readImage('win32-x64.dll');
    const header = image.readUInt32LE(0x3c) + 4;
    const section = header + 20 + image.readUInt16LE(header + 16);
    expect(image.toString('latin1', section, section + 5)).toBe('.text');
    image.writeUInt32LE((image.readUInt32LE(section + 36) | 0x80000000) >>> 0, section + 36);
    expect(broken(image, suffix)).toEqual({ 'writable code': '.text' });
  });
});

describe('of a Mach-O image', () => {
  const suffix = 'darwin-arm64';
  const good = () => readImage('darwin-arm64.dylib');

  it('a name of its own that is a path of the machine is found', () => {
    expect(broken(readImage('own-name.dylib'), suffix)).toMatchObject({
      'own name': '/home/ada/project/addon.node',
      'build paths': expect.stringContaining('/home/ada'),
    });
  });

  it('one for a newer macOS is found', () => {
    expect(broken(readImage('newer-macos.dylib'), suffix)).toEqual({ 'oldest system': '14.0.0' });
  });

  it('what is not stripped is found', () => {
    expect(broken(readImage('unstripped.dylib'), suffix)).toHaveProperty('stripped');
  });

  it('a library that macOS does not have is found, and that the change was not signed', () => {
    const image = replaced(good(), '/usr/lib/libSystem', '/opt/lib/libSystem');
    expect(broken(image, suffix)).toEqual({
      libraries: '/opt/lib/libSystem.B.dylib beside those of macOS',
      signature: 'page 0 was changed after signing',
    });
  });

  it('a page that was changed after signing is found', () => {
    const image = good();
    image.writeUInt8(image.readUInt8(20_000) ^ 1, 20_000);
    expect(broken(image, suffix)).toEqual({ signature: 'page 1 was changed after signing' });
  });

  it('a missing signature is found where one is needed', () => {
    const image = good();
    let at = 32;
    while (image.readUInt32LE(at) !== 0x1d) at += image.readUInt32LE(at + 4);
    image.writeUInt32LE(0x26, at);
    expect(broken(image, suffix)).toEqual({ signature: 'none' });
  });
});

describe('the command', () => {
  const verify = (...args: string[]) =>
    runNode(['scripts/verify-target.mjs', ...args], { output: 'keep' });

  it('counts, and ends with 1 when a rule is broken', async () => {
    const file = join(tmpdir(), `flipt-native-verify-${process.pid}.node`);
    writeFileSync(file, readImage('unloadable.so'));
    const { code, stdout } = await verify('linux-x64-gnu', '--file', file);
    expect(stdout).toContain('FAIL stays loaded');
    expect(stdout).toMatch(/\nverify:target: 13 passed, 1 failed\n$/);
    expect(code).toBe(1);
    writeFileSync(file, readImage('linux-x64-gnu.so'));
    expect(await verify('linux-x64-gnu', '--file', file)).toMatchObject({ code: 0 });
  });

  it('names what is missing', async () => {
    const { code, stderr } = await verify('linux-x64-gnu', '--file', 'nowhere.node');
    expect(stderr).toMatch(/nowhere\.node does not exist/);
    expect(code).toBe(1);
  });
});
