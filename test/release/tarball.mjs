import { gzipSync } from 'node:zlib';

const block = 512;

/** The tarball of a package that holds nothing but its manifest, as npm would pack it. */
export function tarballOf(manifest) {
  const content = Buffer.from(JSON.stringify(manifest));
  const header = Buffer.alloc(block);
  const put = (text, at) => header.write(text, at, 'latin1');
  const octal = (number, width) => `${number.toString(8).padStart(width - 1, '0')}\0`;
  put('package/package.json', 0);
  put(octal(0o644, 8), 100);
  put(octal(content.length, 12), 124);
  put(octal(0, 12), 136);
  // The checksum counts itself as spaces.
  put(' '.repeat(8), 148);
  put('0', 156);
  put('ustar\u000000', 257);
  put(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  );
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return gzipSync(Buffer.concat([header, content, padding, Buffer.alloc(2 * block)]));
}
