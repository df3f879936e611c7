import { readElf } from './elf.js';

/** What the beginning of a file says that it is. */
export interface Binary {
  readonly system: 'linux' | 'win32' | 'darwin';
  /** As `process.arch`; several in a universal file. */
  readonly archs: readonly string[];
  /** How many bytes the file has when it is whole. */
  readonly wholeSize: number;
}

const PE_ARCHS: Readonly<Record<number, string>> = {
  332: 'ia32',
  452: 'arm',
  34404: 'x64',
  43620: 'arm64',
};

const MACH_ARCHS: Readonly<Record<number, string>> = {
  7: 'ia32',
  12: 'arm',
  16777223: 'x64',
  16777228: 'arm64',
};

const MACH_64 = 0xfeedfacf;
const MACH_UNIVERSAL = 0xcafebabe;
const MACH_SEGMENT_64 = 0x19;

/** Reads the beginning of a file; undefined when it is no library of any system. */
export function readBinary(bytes: Buffer): Binary | undefined {
  const elf = readElf(bytes);
  if (elf !== undefined) {
    return { system: 'linux', archs: [elf.arch], wholeSize: elf.wholeSize };
  }
  return readPortableExecutable(bytes) ?? readMach(bytes) ?? readUniversal(bytes);
}

function readPortableExecutable(bytes: Buffer): Binary | undefined {
  if (bytes.length < 64 || bytes.toString('latin1', 0, 2) !== 'MZ') {
    return undefined;
  }
  const at = bytes.readUInt32LE(60);
  if (at + 24 > bytes.length || bytes.toString('latin1', at, at + 4) !== 'PE\0\0') {
    return undefined;
  }
  const machine = bytes.readUInt16LE(at + 4);
  const first = at + 24 + bytes.readUInt16LE(at + 20);
  let wholeSize = first;
  for (let index = 0; index < bytes.readUInt16LE(at + 6); index++) {
    const section = first + index * 40;
    if (section + 40 > bytes.length) {
      break;
    }
    const end = bytes.readUInt32LE(section + 16) + bytes.readUInt32LE(section + 20);
    wholeSize = Math.max(wholeSize, end);
  }
  return { system: 'win32', archs: [PE_ARCHS[machine] ?? `machine ${machine}`], wholeSize };
}

function readMach(bytes: Buffer): Binary | undefined {
  if (bytes.length < 32 || bytes.readUInt32LE(0) !== MACH_64) {
    return undefined;
  }
  let wholeSize = 32;
  let at = 32;
  for (let index = 0; index < bytes.readUInt32LE(16) && at + 64 <= bytes.length; index++) {
    if (bytes.readUInt32LE(at) === MACH_SEGMENT_64) {
      const end = bytes.readBigUInt64LE(at + 40) + bytes.readBigUInt64LE(at + 48);
      wholeSize = Math.max(wholeSize, Number(end));
    }
    at += Math.max(8, bytes.readUInt32LE(at + 4));
  }
  return { system: 'darwin', archs: [machArch(bytes.readUInt32LE(4))], wholeSize };
}

function readUniversal(bytes: Buffer): Binary | undefined {
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== MACH_UNIVERSAL) {
    return undefined;
  }
  const archs: string[] = [];
  let wholeSize = 8;
  for (let index = 0; index < bytes.readUInt32BE(4); index++) {
    const at = 8 + index * 20;
    if (at + 20 > bytes.length) {
      break;
    }
    archs.push(machArch(bytes.readUInt32BE(at)));
    wholeSize = Math.max(wholeSize, bytes.readUInt32BE(at + 8) + bytes.readUInt32BE(at + 12));
  }
  return { system: 'darwin', archs, wholeSize };
}

function machArch(cpu: number): string {
  return MACH_ARCHS[cpu] ?? `machine ${cpu}`;
}
