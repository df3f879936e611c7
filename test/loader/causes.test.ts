import { describe, expect, it } from 'vitest';
import { type Cause, causeText } from '../../src/loader/cause.ts';
import { search } from '../../src/loader/search.ts';
import { version } from '../../src/version.ts';
import { elf, mach, portableExecutable, universal } from './binaries.ts';
import {
  addonOf,
  type Fake,
  fakeMachine,
  installed,
  packageOf,
  refusal,
  systemError,
} from './fake-machine.ts';

const gnu = 'linux-x64-gnu';
const path = packageOf(gnu);
const libraryOfGnu = elf({ needed: ['libm.so.6', 'libc.so.6'], glibc: ['2.2.5', '2.34', '2.9'] });

/** The cause of the attempt at the likeliest package. */
function causeOf(fake: Fake): Cause | undefined {
  const { attempts } = search(fakeMachine(fake));
  const made = attempts.find(({ place }) => place.kind !== 'checkout');
  return made?.addon === undefined ? made?.cause : undefined;
}

/** The same when the system says this of a whole file. */
function causeOfSaid(message: string, fake: Fake = {}, suffix = gnu): Cause | undefined {
  return causeOf({
    ...fake,
    files: { ...installed(suffix), ...fake.files },
    loads: { [packageOf(suffix)]: refusal(message) },
  });
}

describe('a package', () => {
  it('is not installed', () => {
    expect(causeOf({})).toEqual({ kind: 'missing', what: 'package' });
  });

  it('has lost its file', () => {
    const files = { [packageOf(gnu, 'package.json')]: '{}' };
    expect(causeOf({ files })).toEqual({ kind: 'missing', what: 'file', path });
  });

  it('holds a stub', () => {
    const stub = Buffer.from(`flipt-native stub: ${gnu} was not built`);
    expect(causeOf({ files: installed(gnu, stub) })).toEqual({ kind: 'stub' });
  });

  it.each([
    ['text', Buffer.from('not an addon')],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(5000)],
    ['a program of DOS', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)])],
  ])('holds %s', (_, bytes) => {
    expect(causeOf({ files: installed(gnu, bytes) })).toEqual({ kind: 'no-library' });
  });

  it('is a folder where the file should be', () => {
    const files = { ...installed(gnu), [path]: systemError('EISDIR') };
    expect(causeOf({ files })).toEqual({ kind: 'no-library' });
  });

  it('is of another version, which is not even loaded', () => {
    const machine = fakeMachine({ files: installed(gnu, libraryOfGnu, '9.9.9') });
    const { attempts } = search(machine);
    expect(attempts).toContainEqual(
      expect.objectContaining({ cause: { kind: 'version', found: '9.9.9', wanted: version } }),
    );
    expect(machine.loaded).toEqual([]);
  });

  it('holds an addon of another version than it says', () => {
    const fake = { files: installed(gnu), loads: { [path]: addonOf('9.9.9') } };
    expect(causeOf(fake)).toEqual({ kind: 'version', found: '9.9.9', wanted: version });
  });

  it.each([
    ['no version', {}],
    ['a version that is no function', { version: '1' }],
    ['a version that throws', { version: () => expect.unreachable() }],
    ['nothing', undefined],
  ])('holds an addon of somebody else, with %s', (_, exports) => {
    expect(causeOf({ files: installed(gnu), loads: { [path]: exports } })).toEqual({
      kind: 'no-addon',
    });
  });
});

describe('an architecture', () => {
  it.each([
    ['linux', 'x64', gnu, elf({ arch: 'arm64' }), 'linux arm64'],
    ['linux', 'x64', gnu, portableExecutable(), 'win32 x64'],
    ['linux', 'x64', gnu, mach('x64'), 'darwin x64'],
    ['win32', 'arm64', 'win32-arm64-msvc', portableExecutable('x64'), 'win32 x64'],
    ['darwin', 'arm64', 'darwin-arm64', mach('x64'), 'darwin x64'],
  ])('of %s %s is another one: %s', (platform, arch, suffix, binary, found) => {
    expect(causeOf({ platform, arch, files: installed(suffix, binary) })).toEqual({
      kind: 'architecture',
      found,
      wanted: `${platform} ${arch}`,
    });
  });

  it.each(['x64', 'arm64'])('of macOS %s is in a universal file', (arch) => {
    const files = installed(`darwin-${arch}`, universal());
    expect(causeOf({ platform: 'darwin', arch, files })).toBeUndefined();
  });
});

describe('a file that is cut off', () => {
  it.each([
    ['linux', gnu, libraryOfGnu],
    ['win32', 'win32-x64-msvc', portableExecutable()],
    ['darwin', 'darwin-x64', mach('x64')],
    ['darwin', 'darwin-x64', universal()],
  ])('is never loaded (%s, %s)', (platform, suffix, whole) => {
    const files = installed(suffix, whole.subarray(0, -8));
    const machine = fakeMachine({ platform, files });
    const { attempts } = search(machine);
    expect(attempts).toContainEqual(
      expect.objectContaining({
        cause: { kind: 'truncated', size: whole.length - 8, wholeSize: whole.length },
      }),
    );
    expect(machine.loaded).toEqual([]);
  });
});

describe('a C library', () => {
  it('is the other one', () => {
    const files = installed('linux-x64-musl', libraryOfGnu);
    const loads = {
      [packageOf('linux-x64-musl')]: refusal(
        'Error relocating flipt_native.node: __res_init: symbol not found',
      ),
    };
    expect(causeOf({ libc: 'musl', files, loads })).toEqual({
      kind: 'libc',
      found: 'glibc',
      wanted: 'musl',
    });
    expect(
      causeOfSaid('/usr/lib/libc.so: invalid ELF header', {
        files: installed(gnu, elf({ needed: ['libc.so'] })),
      }),
    ).toEqual({ kind: 'libc', found: 'musl', wanted: 'glibc' });
  });

  it('is too old, and the highest version that the file asks for is named', () => {
    const message = "/lib/libc.so.6: version `GLIBC_2.9' not found (required by /x.node)";
    const report = { glibcVersion: '2.8', sharedObjects: [] };
    expect(causeOfSaid(message, { report, files: installed(gnu, libraryOfGnu) })).toEqual({
      kind: 'glibc',
      needed: '2.34',
      found: '2.8',
    });
  });

  it.each([
    'libgcc_s.so.1: cannot open shared object file: No such file or directory',
    'Error loading shared library libgcc_s.so.1: No such file or directory (needed by /x.node)',
  ])('is not all that is missing: %s', (message) => {
    expect(causeOfSaid(message)).toEqual({ kind: 'library', library: 'the library libgcc_s.so.1' });
  });

  it('of Windows is missing', () => {
    const message = 'The specified module could not be found.\n\\\\?\\C:\\x.node';
    expect(causeOfSaid(message, { platform: 'win32' }, 'win32-x64-msvc')).toMatchObject({
      kind: 'library',
    });
  });
});

const MAPPING = 'flipt_native.node: failed to map segment from shared object';
const DENIED = 'flipt_native.node: cannot open shared object file: Permission denied';

describe('a policy', () => {
  const mounts = (...lines: string[]) => ({ '/proc/self/mounts': `${lines.join('\n')}\n` });

  it('is a mount with noexec, the nearest of all', () => {
    const files = mounts(
      'overlay / overlay rw,relatime 0 0',
      'tmpfs /app tmpfs rw,nosuid,noexec 0 0',
      'tmpfs /app/node_modules/@flipt tmpfs rw 0 0',
    );
    expect(causeOfSaid(MAPPING, { files })).toEqual({
      kind: 'blocked',
      by: 'noexec',
      detail: '/app is mounted with noexec',
    });
  });

  it('is no mount that another one hides', () => {
    const files = mounts(
      'tmpfs / tmpfs noexec 0 0',
      'tmpfs / tmpfs rw 0 0',
      'proc /proc proc noexec 0 0',
    );
    expect(causeOfSaid(MAPPING, { files })).toMatchObject({ by: 'system' });
  });

  it('is a mount at a place with a space in its name', () => {
    const files = mounts('tmpfs / tmpfs rw 0 0', 'tmpfs /my\\040disk tmpfs noexec 0 0');
    const links = { [path]: '/my disk/flipt_native.node' };
    const there = { '/my disk/flipt_native.node': libraryOfGnu };
    const loads = { '/my disk/flipt_native.node': refusal(MAPPING) };
    expect(
      causeOf({ files: { ...installed(gnu), ...files, ...there }, links, loads }),
    ).toMatchObject({ by: 'noexec', detail: '/my disk is mounted with noexec' });
  });

  it('is a profile of AppArmor', () => {
    const files = { '/proc/self/attr/apparmor/current': 'docker-default (enforce)\n' };
    expect(causeOfSaid(DENIED, { files })).toMatchObject({
      by: 'apparmor',
      detail: 'the AppArmor profile docker-default (enforce)',
    });
  });

  it('is SELinux where it is enforced', () => {
    const context = { '/proc/self/attr/current': 'system_u:system_r:container_t:s0\0' };
    const enforced = { ...context, '/sys/fs/selinux/enforce': '1' };
    expect(causeOfSaid(DENIED, { files: enforced })).toMatchObject({ by: 'selinux' });
    const permissive = { ...context, '/sys/fs/selinux/enforce': '0' };
    expect(causeOfSaid(DENIED, { files: permissive })).toMatchObject({ by: 'system' });
    const unconfined = { '/proc/self/attr/current': 'unconfined\n' };
    expect(causeOfSaid(DENIED, { files: unconfined })).toMatchObject({ by: 'system' });
  });

  it.each(['EACCES', 'EPERM'])('are permissions (%s)', (code) => {
    const files = { ...installed(gnu), [path]: systemError(code) };
    expect(causeOf({ files })).toEqual({
      kind: 'blocked',
      by: 'permissions',
      detail: `it cannot be read (${code})`,
    });
  });

  it.each([
    ['An Application Control policy has blocked this file.\n\\\\?\\C:\\x', 'application-control'],
    [
      'This program is blocked by group policy. For more information, contact',
      'application-control',
    ],
    ['Access is denied.\n\\\\?\\C:\\x', 'permissions'],
    ['Operation did not complete successfully because the file contains a virus', 'system'],
  ])('is of Windows: %s', (message, by) => {
    expect(causeOfSaid(message, { platform: 'win32' }, 'win32-x64-msvc')).toMatchObject({
      kind: 'blocked',
      by,
    });
  });

  it.each([
    [
      "code signature in <1> '/x' not valid for use in process: mapping process and mapped file (non-platform) have different Team IDs",
      'library-validation',
    ],
    ["dlopen(/x, 0x0001): tried: '/x' (library load disallowed by system policy)", 'quarantine'],
    ["code signature invalid in '/x' (errno=1)", 'quarantine'],
    ["dlopen(/x): tried: '/x' (file system sandbox blocked open())", 'sandbox'],
  ])('is of macOS: %s', (message, by) => {
    expect(causeOfSaid(message, { platform: 'darwin' }, 'darwin-x64')).toMatchObject({
      kind: 'blocked',
      by,
    });
  });
});

describe('what the system says', () => {
  it('is passed on where it is not known, without what follows', () => {
    const message = 'something new\nRequire stack:\n- /x.js';
    for (const [platform, suffix] of [
      ['linux', gnu],
      ['win32', 'win32-x64-msvc'],
      ['darwin', 'darwin-x64'],
    ] as const) {
      expect(causeOfSaid(message, { platform }, suffix)).toEqual({
        kind: 'other',
        message: 'something new',
      });
    }
  });

  it('is passed on when a file cannot be read for a reason that is not known', () => {
    const files = { ...installed(gnu), [path]: systemError('EIO') };
    expect(causeOf({ files })).toEqual({ kind: 'other', message: 'EIO: no' });
  });

  it('tells of a library that registers nothing', () => {
    expect(causeOfSaid(`Module did not self-register: '${path}'.`)).toEqual({ kind: 'no-addon' });
  });
});

describe('a cause in words', () => {
  it('is one line in lower case that names both sides', () => {
    const wrong: [Cause, RegExp][] = [
      [{ kind: 'missing', what: 'package' }, /not installed/],
      [{ kind: 'missing', what: 'file' }, /no such file/],
      [{ kind: 'missing', what: 'file', path }, new RegExp(`without ${path}`)],
      [{ kind: 'name' }, /does not end in \.node/],
      [{ kind: 'archived', archive: '/app.asar' }, /inside the archive \/app\.asar/],
      [{ kind: 'stub' }, /stub/],
      [{ kind: 'no-library' }, /no library/],
      [{ kind: 'no-addon' }, /not the addon/],
      [{ kind: 'truncated', size: 5, wholeSize: 9 }, /cut off: 5 of at least 9 bytes/],
      [{ kind: 'architecture', found: 'a', wanted: 'b' }, /built for a, this Node is b/],
      [{ kind: 'libc', found: 'musl', wanted: 'glibc' }, /built for musl, .* runs on glibc/],
      [{ kind: 'libc', found: 'musl', wanted: undefined }, /built for musl, .* another/],
      [{ kind: 'glibc', needed: '2.34', found: '2.17' }, /needs glibc 2\.34 .* has 2\.17/],
      [{ kind: 'glibc', needed: '2.34', found: undefined }, /needs glibc 2\.34 .* older/],
      [{ kind: 'library', library: 'the library x' }, /needs the library x/],
      [{ kind: 'blocked', by: 'noexec', detail: 'why' }, /: why$/],
      [{ kind: 'version', found: '1.0.0', wanted: '2.0.0' }, /version 1\.0\.0, .* is 2\.0\.0/],
      [{ kind: 'other', message: 'what it says' }, /^what it says$/],
    ];
    for (const [cause, pattern] of wrong) {
      expect(causeText(cause)).toMatch(pattern);
      expect(causeText(cause)).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
