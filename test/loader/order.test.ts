import { describe, expect, it } from 'vitest';
import { placeName } from '../../src/loader/places.ts';
import { search } from '../../src/loader/search.ts';
import { elf } from './binaries.ts';
import { addonOf, app, type Fake, fakeMachine, installed, packageOf } from './fake-machine.ts';

const checkout = (suffix: string) => `${app}/npm/${suffix}/flipt_native.node`;

/** The names of the places that are tried. */
function tried(fake: Fake): string[] {
  return search(fakeMachine(fake)).attempts.map(({ place }) => placeName(place));
}

describe('the places', () => {
  it.each([
    ['linux', 'x64', 'glibc', ['linux-x64-gnu', 'linux-x64-musl']],
    ['linux', 'arm64', 'musl', ['linux-arm64-musl', 'linux-arm64-gnu']],
    ['win32', 'arm64', 'none', ['win32-arm64-msvc']],
    ['darwin', 'x64', 'none', ['darwin-x64']],
    ['freebsd', 'x64', 'none', ['freebsd-x64']],
  ] as const)(
    'of %s %s with %s are the package of each, and in a checkout its folder before that',
    (platform, arch, libc, suffixes) => {
      const packages = suffixes.map((suffix) => `@flipt-native/${suffix}`);
      expect(tried({ platform, arch, libc })).toEqual(packages);
      const files = { [`${app}/npm/targets.json`]: '[]' };
      expect(tried({ platform, arch, libc, files })).toEqual(
        suffixes.flatMap((suffix, index) => [checkout(suffix), packages[index]]),
      );
    },
  );

  it('are the file that FLIPT_NATIVE_BINARY names alone, which may be relative', () => {
    const files = { ...installed('linux-x64-gnu'), '/app/own.node': elf() };
    const environment = { FLIPT_NATIVE_BINARY: 'own.node' };
    expect(tried({ environment, files })).toEqual(['/app/own.node']);
    expect(search(fakeMachine({ environment, files })).addon).toBeDefined();
    expect(
      search(fakeMachine({ environment, files: installed('linux-x64-gnu') })).attempts,
    ).toEqual([expect.objectContaining({ cause: { kind: 'missing', what: 'file' } })]);
  });

  it('are the usual ones when FLIPT_NATIVE_BINARY is empty', () => {
    expect(tried({ environment: { FLIPT_NATIVE_BINARY: '' } })).toHaveLength(2);
  });

  it('are the packages alone for code that lies nowhere', () => {
    expect(tried({ home: undefined })).toEqual([
      '@flipt-native/linux-x64-gnu',
      '@flipt-native/linux-x64-musl',
    ]);
  });

  it('end with the first that loads, the checkout before the package', () => {
    const files = { [checkout('linux-x64-gnu')]: elf(), ...installed('linux-x64-gnu') };
    const machine = fakeMachine({ files });
    expect(search(machine).attempts).toHaveLength(1);
    expect(machine.loaded).toEqual([checkout('linux-x64-gnu')]);
  });

  it('go on behind one that fails, to the other C library too', () => {
    const files = {
      ...installed('linux-x64-gnu', Buffer.from('broken')),
      ...installed('linux-x64-musl'),
    };
    const machine = fakeMachine({ files });
    expect(search(machine).addon).toBeDefined();
    expect(machine.loaded).toEqual([packageOf('linux-x64-musl')]);
  });
});

describe('FLIPT_NATIVE_BINARY', () => {
  const environment = { FLIPT_NATIVE_BINARY: '/own/addon.node' };

  it('is refused with another version', () => {
    const files = { '/own/addon.node': elf() };
    const loads = { '/own/addon.node': addonOf('0.0.1') };
    expect(search(fakeMachine({ environment, files, loads })).attempts).toEqual([
      expect.objectContaining({
        cause: expect.objectContaining({ kind: 'version', found: '0.0.1' }),
      }),
    ]);
  });

  it('does not care for a manifest that happens to lie beside it', () => {
    const files = { '/own/addon.node': elf(), '/own/package.json': '{ "version": "7.0.0" }' };
    expect(search(fakeMachine({ environment, files })).addon).toBeDefined();
  });

  it('is refused with a name that Node would not load as an addon', () => {
    const files = { '/own/addon.so': elf() };
    const machine = fakeMachine({ environment: { FLIPT_NATIVE_BINARY: '/own/addon.so' }, files });
    expect(search(machine).attempts).toEqual([
      expect.objectContaining({ cause: { kind: 'name' } }),
    ]);
    expect(machine.loaded).toEqual([]);
  });
});

describe('a file', () => {
  it('is loaded once, under whichever name, and by whoever asks', () => {
    const links = { [packageOf('linux-x64-gnu')]: '/store/flipt_native.node' };
    const files = { ...installed('linux-x64-gnu'), '/store/flipt_native.node': elf() };
    const machine = fakeMachine({ files, links });
    const copy = { ...machine };
    const explicit = {
      ...machine,
      environment: { FLIPT_NATIVE_BINARY: '/store/flipt_native.node' },
    };
    const [first, second, third] = [machine, copy, explicit].map((one) => search(one).addon);
    expect(first).toBeDefined();
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(machine.loaded).toEqual(['/store/flipt_native.node']);
  });

  it('that was refused is tried again', () => {
    const files = installed('linux-x64-gnu');
    const loads = { [packageOf('linux-x64-gnu')]: addonOf('0.0.1') };
    const machine = fakeMachine({ files, loads });
    expect(search(machine).addon).toBeUndefined();
    loads[packageOf('linux-x64-gnu')] = addonOf();
    expect(search(machine).addon).toBeDefined();
  });
});
