/** What the beginning of an ELF file says: 64 bits, little-endian, as every platform with a package has it. */
export interface Elf {
  readonly arch: string;
  /** How many bytes the file has when it is whole. */
  readonly wholeSize: number;
  /** The dynamic loader that a program asks for. */
  readonly interpreter?: string;
}

/** Where a part of the file lies, and where it is loaded. */
interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;

const NEEDED = 1n;
const STRINGS = 5n;
const STRINGS_SIZE = 10n;

const ARCHS: Readonly<Record<number, string>> = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/** Reads the beginning of a file; undefined when it is not ELF. */
export function readElf(bytes: Buffer): Elf | undefined {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) {
    return undefined;
  }
  const machine = bytes.readUInt16LE(18);
  const arch = ARCHS[machine] ?? `machine ${machine}`;
  if (bytes[4] !== 2 || bytes[5] !== 1) {
    return { arch, wholeSize: bytes.length };
  }
  const all = segments(bytes);
  const sections = Number(bytes.readBigUInt64LE(40));
  const sectionsEnd = sections + bytes.readUInt16LE(58) * bytes.readUInt16LE(60);
  const ends = all.filter(({ type }) => type === LOAD).map(({ offset, size }) => offset + size);
  const named = all.find(({ type }) => type === INTERPRETER);
  return {
    arch,
    wholeSize: Math.max(64, sectionsEnd, ...ends),
    ...(named === undefined ? {} : { interpreter: textAt(bytes, named.offset) }),
  };
}

/** The libraries that a whole ELF file needs. */
export function neededLibraries(bytes: Buffer): string[] {
  const all = segments(bytes);
  const dynamic = all.find(({ type }) => type === DYNAMIC);
  if (dynamic === undefined) {
    return [];
  }
  const entries = dynamicEntries(bytes, dynamic);
  const strings = stringTable(all, entries);
  return entries
    .filter(([tag]) => tag === NEEDED)
    .map(([, value]) => textAt(bytes, strings.offset + Number(value)));
}

/** The highest version of glibc that a whole ELF file asks for, as `2.28`. */
export function neededGlibc(bytes: Buffer): string | undefined {
  const all = segments(bytes);
  const dynamic = all.find(({ type }) => type === DYNAMIC);
  if (dynamic === undefined) {
    return undefined;
  }
  const { offset, size } = stringTable(all, dynamicEntries(bytes, dynamic));
  const names = bytes
    .toString('latin1', offset, offset + size)
    .matchAll(/\0GLIBC_(\d+(?:\.\d+)+)/g);
  return [...names]
    .map(([, version = '']) => version)
    .sort(byVersion)
    .at(-1);
}

function byVersion(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}

function segments(bytes: Buffer): Segment[] {
  const start = Number(bytes.readBigUInt64LE(32));
  const each = bytes.readUInt16LE(54);
  const found: Segment[] = [];
  for (let index = 0; index < bytes.readUInt16LE(56); index++) {
    const at = start + index * each;
    if (at + 56 > bytes.length) {
      break;
    }
    found.push({
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: Number(bytes.readBigUInt64LE(at + 16)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
    });
  }
  return found;
}

type Entry = readonly [tag: bigint, value: bigint];

function dynamicEntries(bytes: Buffer, { offset, size }: Segment): Entry[] {
  const found: Entry[] = [];
  for (let at = offset; at + 16 <= Math.min(offset + size, bytes.length); at += 16) {
    found.push([bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8)]);
  }
  return found;
}

/** Entries name the table by its address, the file has it at an offset. */
function stringTable(
  all: readonly Segment[],
  entries: readonly Entry[],
): { offset: number; size: number } {
  const valueOfTag = (wanted: bigint): number =>
    Number(entries.find(([tag]) => tag === wanted)?.[1] ?? 0n);
  const address = valueOfTag(STRINGS);
  const holder = all.find(
    (one) => one.type === LOAD && one.address <= address && address < one.address + one.size,
  );
  const offset = holder === undefined ? address : address - holder.address + holder.offset;
  return { offset, size: valueOfTag(STRINGS_SIZE) };
}

function textAt(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return bytes.toString('latin1', offset, end < 0 ? bytes.length : end);
}
