import { describe, expect, it } from 'vitest';
import { libcOf, namedLibc } from '../../src/loader/libc.ts';
import { type Machine, thisMachine } from '../../src/loader/machine.ts';
import { elf } from './binaries.ts';
import { type Fake, fakeMachine, systemError } from './fake-machine.ts';

/** A machine that counts what it is asked. */
function counted(fake: Fake): { machine: Machine; asked: string[] } {
  const asked: string[] = [];
  const real = fakeMachine(fake);
  const machine: Machine = {
    ...real,
    head(path) {
      asked.push(`head ${path}`);
      return real.head(path);
    },
    libcReport() {
      asked.push('report');
      return real.libcReport();
    },
  };
  return { machine, asked };
}

describe('the C library', () => {
  it.each(['glibc', 'musl'] as const)(
    'is %s by the interpreter of Node, and nothing else is asked',
    (libc) => {
      const { machine, asked } = counted({ libc });
      expect(libcOf(machine)).toBe(libc);
      expect(asked).toEqual(['head /usr/bin/node']);
      libcOf(machine);
      expect(asked).toHaveLength(1);
    },
  );

  it.each([
    ['musl', 'musl libc (x86_64)\nVersion 1.2.4'],
    ['glibc', '#! /bin/bash\n# This file is part of the GNU C Library.'],
  ])('is %s by ldd where Node names no interpreter', (libc, text) => {
    const { machine, asked } = counted({
      libc: 'none',
      files: { '/usr/bin/ldd': text, '/lib/ld-musl-x86_64.so.1': '' },
    });
    expect(libcOf(machine)).toBe(libc);
    expect(asked).not.toContain('report');
  });

  it.each([
    ['musl', '/lib/ld-musl-aarch64.so.1'],
    ['glibc', '/lib/ld-linux-aarch64.so.1'],
  ])('is %s by the loader in /lib where there is no ldd', (libc, path) => {
    const { machine, asked } = counted({ libc: 'none', files: { [path]: '' } });
    expect(libcOf(machine)).toBe(libc);
    expect(asked).not.toContain('report');
  });

  it.each([
    ['glibc', { glibcVersion: '2.36', sharedObjects: [] }],
    ['musl', { sharedObjects: ['linux-vdso.so.1', '/lib/ld-musl-x86_64.so.1'] }],
    [undefined, { sharedObjects: [] }],
  ])('is %s by the report where nothing else tells', (libc, report) => {
    const { machine, asked } = counted({
      libc: 'none',
      report,
      files: { '/usr/bin/node': systemError('EACCES') },
    });
    expect(libcOf(machine)).toBe(libc);
    expect(asked.at(-1)).toBe('report');
  });

  it('is not asked for on other systems', () => {
    const { machine, asked } = counted({ platform: 'darwin' });
    expect(libcOf(machine)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('survives a program that is cut off or of 32 bits', () => {
    for (const bytes of [elf().subarray(0, 90), withClass32()]) {
      const { machine } = counted({ libc: 'none', files: { '/usr/bin/node': bytes } });
      expect(libcOf(machine)).toBe('glibc');
    }
  });

  it.runIf(process.platform === 'linux')('of this machine is found alike by each way', () => {
    const machine = thisMachine(undefined, () => '/nowhere');
    const { glibcVersion } = machine.libcReport() ?? {};
    expect(libcOf(machine)).toBe(glibcVersion === undefined ? 'musl' : 'glibc');
    expect(libcOf({ ...machine, execPath: '/nowhere' })).toBe(libcOf(machine));
  });

  it('leaves the setting of the report as it was', () => {
    const settings = process.report as unknown as { excludeNetwork?: boolean };
    for (const value of settings.excludeNetwork === undefined ? [undefined] : [false, true]) {
      if (value !== undefined) settings.excludeNetwork = value;
      thisMachine(undefined, () => '/nowhere').libcReport();
      expect(settings.excludeNetwork).toBe(value);
    }
  });

  it('is told by the names of loaders and libraries alone', () => {
    const names = ['/x/musl/ld-linux-x86-64.so.2', 'libc.so', 'libc.musl-x86_64.so.1', 'ld64.so.2'];
    expect(names.map(namedLibc)).toEqual(['glibc', 'musl', 'musl', 'glibc']);
    expect(['libc.so.6', 'libm.so.6', ''].map(namedLibc)).toEqual(['glibc', undefined, undefined]);
  });
});

function withClass32(): Buffer {
  const bytes = elf({ interpreter: '/lib/ld-musl-i386.so.1' });
  bytes[4] = 1;
  return bytes;
}
