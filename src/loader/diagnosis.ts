import { archiveOf } from './archive.js';
import { readBinary } from './binary.js';
import type { Cause } from './cause.js';
import { neededGlibc, neededLibraries } from './elf.js';
import { libcOf, namedLibc } from './libc.js';
import type { FileHead, Machine } from './machine.js';
import { blockedBy, unreadable } from './policy.js';

const STUB = 'flipt-native stub: ';

/**
 * Why a file cannot be loaded, as far as its beginning tells. It is asked before the system is: to load an ELF file that
 * was cut off ends the process (SIGBUS) in place of throwing.
 */
export function unfit(machine: Machine, path: string): Cause | undefined {
  if (!path.endsWith('.node')) {
    return { kind: 'name' };
  }
  const head = headOf(machine, path);
  if ('kind' in head) {
    return head;
  }
  if (head.bytes.toString('latin1', 0, STUB.length) === STUB) {
    return { kind: 'stub' };
  }
  const binary = readBinary(head.bytes);
  if (binary === undefined) {
    return { kind: 'no-library' };
  }
  const system =
    machine.platform === 'win32' || machine.platform === 'darwin' ? machine.platform : 'linux';
  if (binary.system !== system || !binary.archs.includes(machine.arch)) {
    const found = `${binary.system} ${binary.archs.join(' and ')}`;
    return { kind: 'architecture', found, wanted: `${machine.platform} ${machine.arch}` };
  }
  return head.size < binary.wholeSize
    ? { kind: 'truncated', size: head.size, wholeSize: binary.wholeSize }
    : undefined;
}

/** Why the system did not load a file that looks fit. */
export function diagnose(machine: Machine, path: string, error: unknown): Cause {
  const message = error instanceof Error ? error.message : String(error);
  const archive = archiveOf(path);
  if (archive !== undefined) {
    return { kind: 'archived', archive };
  }
  return (
    blockedBy(machine, path, message) ??
    missingLibrary(machine, path, message) ??
    (/did not self-register|no napi_register_module/i.test(message)
      ? { kind: 'no-addon' }
      : { kind: 'other', message: firstLine(message) })
  );
}

function headOf(machine: Machine, path: string): FileHead | Cause {
  try {
    return machine.head(path);
  } catch (error) {
    const { code = '', message = '' } = error as NodeJS.ErrnoException;
    const archive = archiveOf(path);
    // Who says ENOENT has looked into the archive; to others it is a file, in which nothing can lie.
    if (archive !== undefined && code !== 'ENOENT') {
      return { kind: 'archived', archive };
    }
    switch (code) {
      case 'ENOENT':
      case 'ENOTDIR':
        return { kind: 'missing', what: 'file' };
      case 'EACCES':
      case 'EPERM':
        return unreadable(code);
      case 'EISDIR':
        return { kind: 'no-library' };
      default:
        return { kind: 'other', message: firstLine(message) };
    }
  }
}

/** What a Linux system says of a C library that is the other one, or too old, and of any other library. */
function missingLibrary(machine: Machine, path: string, message: string): Cause | undefined {
  if (machine.platform === 'win32') {
    return /specified (?:module|procedure) could not be found/i.test(message)
      ? { kind: 'library', library: 'a library or a function of Windows' }
      : undefined;
  }
  if (machine.platform !== 'linux') {
    return undefined;
  }
  const bytes = machine.read(path);
  const built = bytes && neededLibraries(bytes).map(namedLibc).find(Boolean);
  const running = libcOf(machine);
  if (built !== undefined && built !== running) {
    return { kind: 'libc', found: built, wanted: running };
  }
  const tooNew = /version [`'"]GLIBC_([\d.]+)' not found/.exec(message)?.[1];
  if (tooNew !== undefined) {
    const needed = (bytes && neededGlibc(bytes)) ?? tooNew;
    return { kind: 'glibc', needed, found: machine.libcReport()?.glibcVersion };
  }
  const library =
    /^(\S+): cannot open shared object file/m.exec(message)?.[1] ??
    /Error loading shared library (\S+):/.exec(message)?.[1];
  return library === undefined ? undefined : { kind: 'library', library: `the library ${library}` };
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
