// Small files that look like libraries of each system, as far as the loader reads them.

const ARCHS = { x64: 62, arm64: 183, arm: 40 } as const;

interface ElfParts {
  arch?: keyof typeof ARCHS;
  interpreter?: string;
  needed?: readonly string[];
  /** Versions of glibc that it asks for. */
  glibc?: readonly string[];
}

/** An ELF file: its header, its program headers, and what they lead to. */
export function elf({ arch = 'x64', interpreter, needed = [], glibc = [] }: ElfParts = {}): Buffer {
  const base = 0x10000;
  const names = [...needed, ...glibc.map((version) => `GLIBC_${version}`)];
  const strings = Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`);
  const loader = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`);
  const headersEnd = 64 + 3 * 56;
  const stringsAt = headersEnd + loader.length;
  const entries: [number, number][] = [
    ...needed.map((name): [number, number] => [1, strings.indexOf(`${name}\0`)]),
    [5, base + stringsAt],
    [10, strings.length],
    [0, 0],
  ];
  const dynamic = Buffer.alloc(entries.length * 16);
  for (const [index, [tag, value]] of entries.entries()) {
    dynamic.writeBigUInt64LE(BigInt(tag), index * 16);
    dynamic.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  }
  const dynamicAt = stringsAt + strings.length;
  const whole = dynamicAt + dynamic.length;
  const header = Buffer.alloc(headersEnd);
  header.writeUInt32BE(0x7f454c46, 0);
  header[4] = 2;
  header[5] = 1;
  header.writeUInt16LE(ARCHS[arch], 18);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  const segments = [
    { type: 1, offset: 0, address: base, size: whole },
    { type: 2, offset: dynamicAt, address: base + dynamicAt, size: dynamic.length },
    ...(interpreter === undefined
      ? []
      : [{ type: 3, offset: headersEnd, address: base + headersEnd, size: loader.length }]),
  ];
  header.writeUInt16LE(segments.length, 56);
  for (const [index, { type, offset, address, size }] of segments.entries()) {
    const at = 64 + index * 56;
    header.writeUInt32LE(type, at);
    header.writeBigUInt64LE(BigInt(offset), at + 8);
    header.writeBigUInt64LE(BigInt(address), at + 16);
    header.writeBigUInt64LE(BigInt(size), at + 32);
  }
  return Buffer.concat([header, loader, strings, dynamic]);
}

/** A PE file with one section. */
export function portableExecutable(arch: 'x64' | 'arm64' = 'x64'): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write('MZ');
  bytes.writeUInt32LE(128, 60);
  bytes.write('PE\0\0', 128);
  bytes.writeUInt16LE(arch === 'x64' ? 0x8664 : 0xaa64, 132);
  bytes.writeUInt16LE(1, 134);
  bytes.writeUInt16LE(16, 148);
  const section = 128 + 24 + 16;
  bytes.writeUInt32LE(256, section + 16);
  bytes.writeUInt32LE(256, section + 20);
  return bytes;
}

/** A Mach-O file with one segment. */
export function mach(arch: 'x64' | 'arm64' = 'arm64'): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.writeUInt32LE(0xfeedfacf, 0);
  bytes.writeUInt32LE(arch === 'arm64' ? 0x0100000c : 0x01000007, 4);
  bytes.writeUInt32LE(1, 16);
  bytes.writeUInt32LE(0x19, 32);
  bytes.writeUInt32LE(72, 36);
  bytes.writeBigUInt64LE(0n, 32 + 40);
  bytes.writeBigUInt64LE(512n, 32 + 48);
  return bytes;
}

/** A universal file of macOS that holds both architectures. */
export function universal(): Buffer {
  const parts = [mach('x64'), mach('arm64')];
  const head = Buffer.alloc(64);
  head.writeUInt32BE(0xcafebabe, 0);
  head.writeUInt32BE(parts.length, 4);
  for (const [index, part] of parts.entries()) {
    const at = 8 + index * 20;
    head.writeUInt32BE(part.readUInt32LE(4), at);
    head.writeUInt32BE(64 + index * 512, at + 8);
    head.writeUInt32BE(part.length, at + 12);
  }
  return Buffer.concat([head, ...parts]);
}
