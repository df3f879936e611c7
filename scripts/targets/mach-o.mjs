import { Bytes, hex, MalformedError } from './bytes.mjs';

const MAGIC = 0xfeedfacf;
const CPUS = { 16777223: 'x64', 16777228: 'arm64' };
const LIBRARY = 6;
const COMMAND = {
  symbols: 0x02,
  loads: [0x0c, 0x80000018, 0x8000001f, 0x20, 0x80000023],
  id: 0x0d,
  segment: 0x19,
  signature: 0x1d,
  runPath: 0x8000001c,
  oldestMacOs: 0x24,
  links: [0x22, 0x80000022],
  exports: 0x80000033,
  build: 0x32,
};
const SYMBOL = { stab: 0xe0, type: 0x0e };

export const EXECUTABLE = 4;
export const WRITABLE = 2;

export const isMachO = (buffer) => buffer.length >= 4 && buffer.readUInt32LE() === MAGIC;

/**
 * Reads a 64-bit Mach-O image for one machine.
 *
 * `{ cpu, isLibrary, id, loads, runPaths, system, segments, exports, symbols, debugSymbols, signature }`; `system` is the
 * oldest macOS as `[major, minor, patch]`, `exports` are what the dynamic loader finds, `symbols` what is left of the
 * linker's own table, `signature` is where the code signature stands: `{ offset, size }`.
 */
export function readMachO(buffer) {
  const bytes = new Bytes(buffer);
  const cpu = bytes.u32(4);
  const commands = readCommands(bytes);
  const first = (...types) => commands.find(({ type }) => types.includes(type));
  const names = (types) =>
    commands
      .filter(({ type }) => types.includes(type))
      .map(({ at }) => bytes.text(at + bytes.u32(at + 8)));
  const signature = first(COMMAND.signature);
  const symbols = first(COMMAND.symbols);
  return {
    cpu: CPUS[cpu] ?? `machine ${hex(cpu)}`,
    isLibrary: bytes.u32(12) === LIBRARY,
    id: names([COMMAND.id])[0],
    loads: names(COMMAND.loads),
    runPaths: names([COMMAND.runPath]),
    system: oldestSystem(bytes, first(COMMAND.build), first(COMMAND.oldestMacOs)),
    segments: commands
      .filter(({ type }) => type === COMMAND.segment)
      .map(({ at }) => readSegment(bytes, at)),
    signature: signature && {
      offset: bytes.u32(signature.at + 8),
      size: bytes.u32(signature.at + 12),
    },
    exports: readExports(bytes, first(COMMAND.exports), first(...COMMAND.links)),
    ...(symbols ? readSymbols(bytes, symbols.at) : { symbols: [], debugSymbols: 0 }),
  };
}

function readCommands(bytes) {
  const commands = [];
  let at = 32;
  for (let left = bytes.u32(16); left > 0; left -= 1) {
    const size = bytes.u32(at + 4);
    if (size < 8)
      throw new MalformedError(`malformed: a load command of ${size} bytes at ${hex(at)}`);
    bytes.slice(at, size);
    commands.push({ type: bytes.u32(at), at });
    at += size;
  }
  return commands;
}

function oldestSystem(bytes, build, oldestMacOs) {
  const at = build ? build.at + 12 : oldestMacOs && oldestMacOs.at + 8;
  if (at === undefined) return undefined;
  const version = bytes.u32(at);
  return [version >> 16, (version >> 8) & 0xff, version & 0xff];
}

function readSegment(bytes, at) {
  bytes.slice(bytes.u64(at + 40), bytes.u64(at + 48));
  return { name: bytes.field(at + 8, 16), flags: bytes.u32(at + 60) };
}

/** Every C name has an underscore in front. */
const cName = (name) => name.replace(/^_/, '');

function readSymbols(bytes, at) {
  const [offset, count, strings] = [8, 12, 16].map((field) => bytes.u32(at + field));
  const all = bytes.records(offset, count, 16, (symbol) => ({
    name: bytes.text(strings + bytes.u32(symbol)),
    kind: bytes.u8(symbol + 4),
  }));
  const isDebug = ({ kind }) => (kind & SYMBOL.stab) !== 0;
  const isDefined = ({ kind }) => (kind & SYMBOL.type) !== 0;
  return {
    symbols: all
      .filter((symbol) => !isDebug(symbol) && isDefined(symbol))
      .map(({ name }) => cName(name)),
    debugSymbols: all.filter(isDebug).length,
  };
}

/** The names in the tree that the loader searches: every edge is a piece of a name. */
function readExports(bytes, own, links) {
  const field = own ? own.at + 8 : links && links.at + 40;
  if (field === undefined || bytes.u32(field + 4) === 0) return [];
  const start = bytes.u32(field);
  const names = [];
  const visited = new Set();
  const pending = [{ at: start, name: '' }];
  while (pending.length > 0) {
    const { at, name } = pending.pop();
    if (visited.has(at)) throw new MalformedError(`malformed: exports that go round at ${hex(at)}`);
    visited.add(at);
    const terminal = readNumber(bytes, at);
    if (terminal.value > 0) names.push(cName(name));
    let edge = terminal.end + terminal.value;
    let left = bytes.u8(edge);
    edge += 1;
    for (; left > 0; left -= 1) {
      const piece = bytes.text(edge);
      const child = readNumber(bytes, edge + piece.length + 1);
      pending.push({ at: start + child.value, name: name + piece });
      edge = child.end;
    }
  }
  return names;
}

/** A number of seven bits a byte, the last byte without its highest bit. */
function readNumber(bytes, at) {
  let value = 0;
  for (let index = 0; ; index += 1) {
    const byte = bytes.u8(at + index);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
}
