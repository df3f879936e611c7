import { Bytes } from './bytes.mjs';
import { fileOffset, readSegments } from './elf.mjs';

const TAG = { relocations: 7, relocationBytes: 8, packed: 0x24, packedBytes: 0x23 };
const SEGMENT = { load: 1, dynamic: 2, note: 4 };
const READABLE = 4;
const PAGE = 0x10000;
const ENTRY = 24;

/** The relocation that adds where the image lies, by the number that ELF has for the machine. */
const RELATIVE = { 62: 8n, 183: 1027n };

/**
 * Writes the packed relocations (RELR) of an ELF image as ordinary ones (RELA), for dynamic loaders that do not know
 * them yet, such as that of musl before 1.2.4. The new table takes the place of a note, which nothing needs at run time.
 * An image without packed relocations is returned as it is.
 */
export function unpackRelocations(buffer) {
  const bytes = new Bytes(buffer);
  const segments = readSegments(bytes);
  const entries = locateEntries(bytes, segments);
  if (!entries.has(TAG.packed)) return buffer;
  const read = (tag) => bytes.u64(entries.get(tag));
  const offset = (address) => fileOffset(segments, address);
  const words = bytes.records(offset(read(TAG.packed)), read(TAG.packedBytes) / 8, 8, (at) =>
    bytes.slice(at, 8).readBigUInt64LE(),
  );
  const info = RELATIVE[bytes.u16(18)];
  const table = Buffer.concat([
    bytes.slice(offset(read(TAG.relocations)), read(TAG.relocationBytes)),
    ...addressesIn(words).map((at) => relocation(at, info, bytes.slice(offset(at), 8))),
  ]);
  const end = Math.max(...segments.map(({ address, memorySize }) => address + memorySize));
  const address = roundUp(end);
  const place = roundUp(buffer.length);
  const image = Buffer.concat([buffer, Buffer.alloc(place - buffer.length), table]);
  const write = (at, value) => image.writeBigUInt64LE(BigInt(value), at);
  const note = segments.find(({ type }) => type === SEGMENT.note).at;
  image.writeUInt32LE(SEGMENT.load, note);
  image.writeUInt32LE(READABLE, note + 4);
  [place, address, address, table.length, table.length, PAGE].forEach((value, index) => {
    write(note + 8 + index * 8, value);
  });
  write(entries.get(TAG.relocations), address);
  write(entries.get(TAG.relocationBytes), table.length);
  // A loader that does know them must not add the address twice.
  write(entries.get(TAG.packedBytes), 0);
  return image;
}

/** Where the values of the dynamic table stand in the file, by tag. */
function locateEntries(bytes, segments) {
  const { offset, size } = segments.find(({ type }) => type === SEGMENT.dynamic);
  const all = bytes.records(offset, size / 16, 16, (at) => [
    Number(bytes.slice(at, 8).readBigUInt64LE()),
    at + 8,
  ]);
  return new Map(all);
}

/** An even word is an address; an odd one says which of the 63 words behind the last are addresses too. */
function addressesIn(words) {
  const found = [];
  let next = 0;
  for (const word of words) {
    if ((word & 1n) === 0n) {
      found.push(Number(word));
      next = Number(word) + 8;
      continue;
    }
    for (let bit = 1; bit < 64; bit += 1) {
      if ((word >> BigInt(bit)) & 1n) found.push(next + (bit - 1) * 8);
    }
    next += 63 * 8;
  }
  return found;
}

function relocation(address, info, addend) {
  const entry = Buffer.alloc(ENTRY);
  entry.writeBigUInt64LE(BigInt(address), 0);
  entry.writeBigUInt64LE(info, 8);
  addend.copy(entry, 16);
  return entry;
}

const roundUp = (number) => Math.ceil(number / PAGE) * PAGE;
