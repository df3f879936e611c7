import { readElf } from './elf.js';
import type { Machine } from './machine.js';

/** The C libraries that Node is built for on Linux. */
export type Libc = 'glibc' | 'musl';

const known = new WeakMap<Machine, Libc | undefined>();

/**
 * The C library that this Node runs on; undefined on other systems, and where nothing tells. The program itself decides,
 * not the system: a Node for glibc runs on Alpine with gcompat.
 */
export function libcOf(machine: Machine): Libc | undefined {
  if (machine.platform !== 'linux') {
    return undefined;
  }
  if (!known.has(machine)) {
    known.set(machine, byInterpreter(machine) ?? byFiles(machine) ?? byReport(machine));
  }
  return known.get(machine);
}

function byInterpreter(machine: Machine): Libc | undefined {
  try {
    return namedLibc(readElf(machine.head(machine.execPath).bytes)?.interpreter ?? '');
  } catch {
    return undefined;
  }
}

/** Debian can have the loader of musl beside its own, so `ldd`, which belongs to the system, is asked first. */
function byFiles(machine: Machine): Libc | undefined {
  const ldd = machine.read('/usr/bin/ldd')?.toString('latin1') ?? '';
  if (/\bmusl\b/.test(ldd)) {
    return 'musl';
  }
  if (/\b(?:GLIBC|GNU C Library|GNU libc)\b/.test(ldd)) {
    return 'glibc';
  }
  return machine.list('/lib').map(namedLibc).find(Boolean);
}

function byReport(machine: Machine): Libc | undefined {
  const report = machine.libcReport();
  if (report?.glibcVersion !== undefined) {
    return 'glibc';
  }
  return report?.sharedObjects.map(namedLibc).find(Boolean);
}

/** By the name of a dynamic loader or a C library, or of a path that ends in one. */
export function namedLibc(name: string): Libc | undefined {
  const file = name.slice(name.lastIndexOf('/') + 1);
  if (/^(?:ld-musl-|libc\.musl-|libc\.so$)/.test(file)) {
    return 'musl';
  }
  return /^(?:ld-linux[-.]|ld64\.so|libc\.so\.6$)/.test(file) ? 'glibc' : undefined;
}
