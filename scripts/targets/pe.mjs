import { Bytes, hex, MalformedError } from './bytes.mjs';

const CPUS = { 34404: 'x64', 43620: 'arm64' };
const PE32_PLUS = 0x20b;
const DIRECTORY = { exports: 0, imports: 1, delayedImports: 13 };

export const EXECUTABLE = 0x20000000;
export const WRITABLE = 0x80000000;
/** Flags in `characteristics`: where the image lies is chosen at random, data cannot be executed. */
export const RANDOM_ADDRESS = 0x40;
export const NO_EXECUTE = 0x100;

export const isPe = (buffer) => buffer.subarray(0, 2).toString('latin1') === 'MZ';

/**
 * Reads a 64-bit PE image.
 *
 * `{ cpu, isLibrary, system: [major, minor], characteristics, symbolCount, sections, imports, exports }`; `system` is
 * the oldest Windows that loads it, `imports` are the names of libraries, those that are loaded at first use included.
 */
export function readPe(buffer) {
  const bytes = new Bytes(buffer);
  const start = bytes.u32(0x3c);
  if (bytes.slice(start, 4).toString('latin1') !== 'PE\0\0')
    throw new MalformedError('malformed: an MZ image without a PE header');
  const header = start + 4;
  const machine = bytes.u16(header);
  const optional = header + 20;
  if (bytes.u16(optional) !== PE32_PLUS)
    throw new MalformedError('malformed: not a 64-bit PE image');
  const symbols = { offset: bytes.u32(header + 8), count: bytes.u32(header + 12) };
  const sectionTable = optional + bytes.u16(header + 16);
  const sections = readSections(bytes, sectionTable, bytes.u16(header + 2), symbols);
  for (const { offset, size } of sections) bytes.slice(offset, size);
  const directory = (index) =>
    index < bytes.u32(optional + 108) ? bytes.u32(optional + 112 + index * 8) : 0;
  const place = { bytes, sections };
  return {
    cpu: CPUS[machine] ?? `machine ${hex(machine)}`,
    isLibrary: (bytes.u16(header + 18) & 0x2000) !== 0,
    system: [bytes.u16(optional + 48), bytes.u16(optional + 50)],
    characteristics: bytes.u16(optional + 70),
    symbolCount: symbols.count,
    sections,
    imports: [
      ...readLibraries(place, directory(DIRECTORY.imports), { size: 20, nameAt: 12 }),
      ...readLibraries(place, directory(DIRECTORY.delayedImports), { size: 32, nameAt: 4 }),
    ],
    exports: readExports(place, directory(DIRECTORY.exports)),
  };
}

function readSections(bytes, offset, count, symbols) {
  const names = symbols.offset + symbols.count * 18;
  if (symbols.offset !== 0) bytes.slice(names, bytes.u32(names));
  return bytes.records(offset, count, 40, (at) => ({
    name: sectionName(bytes, bytes.field(at, 8), names),
    memorySize: bytes.u32(at + 8),
    address: bytes.u32(at + 12),
    size: bytes.u32(at + 16),
    offset: bytes.u32(at + 20),
    flags: bytes.u32(at + 36),
  }));
}

/** Longer names, which only sections with debug information have, stand behind the symbols. */
function sectionName(bytes, name, names) {
  const index = name.match(/^\/(\d+)$/)?.[1];
  return index === undefined ? name : bytes.text(names + Number(index));
}

function fileOffset({ sections }, address) {
  const section = sections.find(
    (one) => address >= one.address && address < one.address + one.size,
  );
  if (section) return address - section.address + section.offset;
  throw new MalformedError(`malformed: no section holds the address ${hex(address)}`);
}

/** The names in a table of libraries, which a record without a name ends. */
function readLibraries(place, address, { size, nameAt }) {
  const names = [];
  if (address === 0) return names;
  const { bytes } = place;
  for (let at = fileOffset(place, address); bytes.u32(at + nameAt) !== 0; at += size) {
    names.push(bytes.text(fileOffset(place, bytes.u32(at + nameAt))));
  }
  return names;
}

function readExports(place, address) {
  if (address === 0) return [];
  const { bytes } = place;
  const at = fileOffset(place, address);
  const count = bytes.u32(at + 24);
  if (count === 0) return [];
  return bytes.records(fileOffset(place, bytes.u32(at + 32)), count, 4, (name) =>
    bytes.text(fileOffset(place, bytes.u32(name))),
  );
}
