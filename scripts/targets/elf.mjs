import { Bytes, hex, MalformedError } from './bytes.mjs';

const CPUS = { 62: 'x64', 183: 'arm64' };
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3, stack: 0x6474e551 };
const TAG = {
  needed: 1,
  hash: 4,
  strings: 5,
  symbols: 6,
  runPaths: [15, 29],
  flags1: 0x6ffffffb,
  gnuHash: 0x6ffffef5,
  versions: 0x6ffffffe,
  versionCount: 0x6fffffff,
};
const SYMBOL_SIZE = 24;

export const EXECUTABLE = 1;
export const WRITABLE = 2;
/** The flag in `flags1` of a library that stays in the process once it is loaded. */
export const NO_DELETE = 8;

export const isElf = (buffer) => buffer.subarray(0, 4).toString('latin1') === '\x7fELF';

/**
 * Reads a 64-bit little-endian ELF image as the dynamic loader does: from its segments and its dynamic table. The
 * section headers, which the loader ignores, say whether it is stripped.
 *
 * `{ cpu, segments, stack, interpreter, needed, runPaths, flags1, versions, exports, sections }`; `versions` are
 * `{ file, version }`, `stack` is undefined when the image does not say what its stack is like.
 */
export function readElf(buffer) {
  const bytes = new Bytes(buffer);
  if (bytes.u8(4) !== 2 || bytes.u8(5) !== 1)
    throw new MalformedError('malformed: not a 64-bit little-endian ELF image');
  const machine = bytes.u16(18);
  const segments = readSegments(bytes);
  for (const { type, offset, size } of segments) {
    if (type === SEGMENT.load) bytes.slice(offset, size);
  }
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  return {
    cpu: CPUS[machine] ?? `machine ${machine}`,
    segments: segments.filter(({ type }) => type === SEGMENT.load),
    stack: segments.find(({ type }) => type === SEGMENT.stack),
    interpreter: interpreter && bytes.text(interpreter.offset),
    sections: readSectionNames(bytes),
    ...readDynamic(bytes, segments),
  };
}

/** The program headers; `at` is where each stands in the file. @param {Bytes} bytes */
export function readSegments(bytes) {
  return bytes.records(bytes.u64(32), bytes.u16(56), bytes.u16(54), (at) => ({
    at,
    type: bytes.u32(at),
    flags: bytes.u32(at + 4),
    offset: bytes.u64(at + 8),
    address: bytes.u64(at + 16),
    size: bytes.u64(at + 32),
    memorySize: bytes.u64(at + 40),
    alignment: bytes.u64(at + 48),
  }));
}

function readSectionNames(bytes) {
  const start = bytes.u64(40);
  const [size, count, nameIndex] = [58, 60, 62].map((offset) => bytes.u16(offset));
  if (start === 0 || count === 0) return [];
  const names = bytes.u64(start + nameIndex * size + 24);
  return bytes.records(start, count, size, (at) => bytes.text(names + bytes.u32(at)));
}

function readDynamic(bytes, segments) {
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  const entries = dynamic ? readEntries(bytes, dynamic) : [];
  const entryOf = (tag) => entries.find((entry) => entry.tag === tag)?.value;
  const offsetOf = (tag) => {
    const address = entryOf(tag);
    return address === undefined ? undefined : fileOffset(segments, address);
  };
  const strings = offsetOf(TAG.strings);
  const texts = (...tags) =>
    entries.filter(({ tag }) => tags.includes(tag)).map(({ value }) => bytes.text(strings + value));
  const versions = offsetOf(TAG.versions);
  const symbols = offsetOf(TAG.symbols);
  const tables = { hash: offsetOf(TAG.hash), gnuHash: offsetOf(TAG.gnuHash) };
  return {
    needed: texts(TAG.needed),
    runPaths: texts(...TAG.runPaths),
    flags1: entryOf(TAG.flags1) ?? 0,
    versions:
      versions === undefined
        ? []
        : readVersions(bytes, versions, entryOf(TAG.versionCount) ?? 0, strings),
    exports:
      symbols === undefined
        ? []
        : readExports(bytes, symbols, countSymbols(bytes, tables), strings),
  };
}

/** Up to the entry that ends the table; values that are no addresses can be of any size. */
function readEntries(bytes, { offset, size }) {
  const entries = bytes.records(offset, Math.floor(size / 16), 16, (at) => ({
    tag: bytes.slice(at, 8).readBigUInt64LE(),
    value: bytes.slice(at + 8, 8).readBigUInt64LE(),
  }));
  const end = entries.findIndex(({ tag }) => tag === 0n);
  return entries
    .slice(0, end < 0 ? undefined : end)
    .map(({ tag, value }) => ({ tag: Number(tag), value: Number(value) }));
}

/** Where the byte of this address stands in the file. */
export function fileOffset(segments, address) {
  const segment = segments.find(
    (one) =>
      one.type === SEGMENT.load && address >= one.address && address < one.address + one.size,
  );
  if (segment) return address - segment.address + segment.offset;
  throw new MalformedError(`malformed: no segment holds the address ${hex(address)}`);
}

/** What other libraries must offer, from the table in which each record says where the next one is. */
function readVersions(bytes, start, count, strings) {
  const found = [];
  let library = start;
  for (let left = count; left > 0; left -= 1) {
    const file = bytes.text(strings + bytes.u32(library + 4));
    let version = library + bytes.u32(library + 8);
    for (let each = bytes.u16(library + 2); each > 0; each -= 1) {
      found.push({ file, version: bytes.text(strings + bytes.u32(version + 8)) });
      version += bytes.u32(version + 12);
    }
    library += bytes.u32(library + 12);
  }
  return found;
}

/** How many dynamic symbols there are stands nowhere; both kinds of hash table tell it. */
function countSymbols(bytes, { hash, gnuHash }) {
  if (hash !== undefined) return bytes.u32(hash + 4);
  if (gnuHash === undefined) return 0;
  const [bucketCount, firstHashed, filterWords] = [0, 4, 8].map((at) => bytes.u32(gnuHash + at));
  const buckets = gnuHash + 16 + filterWords * 8;
  const chains = buckets + bucketCount * 4;
  const heads = bytes.records(buckets, bucketCount, 4, (at) => bytes.u32(at));
  let last = heads.reduce((most, head) => Math.max(most, head), 0);
  if (last < firstHashed) return firstHashed;
  // The chain of the last bucket ends with the last symbol.
  while ((bytes.u32(chains + (last - firstHashed) * 4) & 1) === 0) last += 1;
  return last + 1;
}

/** The names that the image defines for others. */
function readExports(bytes, symbols, count, strings) {
  const all = bytes.records(symbols, count, SYMBOL_SIZE, (at) => ({
    name: bytes.text(strings + bytes.u32(at)),
    isLocal: bytes.u8(at + 4) >> 4 === 0,
    isDefined: bytes.u16(at + 6) !== 0,
  }));
  return all
    .filter(({ name, isLocal, isDefined }) => name && !isLocal && isDefined)
    .map((symbol) => symbol.name);
}
