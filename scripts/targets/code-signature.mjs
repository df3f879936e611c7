import { createHash } from 'node:crypto';
import { Bytes } from './bytes.mjs';

const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const SHA256 = 2;
const AD_HOC = 2;

/**
 * Checks the code signature of a Mach-O image as macOS does before it executes a page: whatever was changed after
 * signing no longer has the hash that was signed.
 *
 * `place` is `{ offset, size }`. Returns `{ isAdHoc, problem }`, without a problem when every page is as signed.
 */
export function checkSignature(buffer, { offset, size }) {
  const bytes = new Bytes(buffer);
  bytes.slice(offset, size);
  if (bytes.u32be(offset) !== SUPER_BLOB) return { problem: 'no signature where one should be' };
  const directories = bytes
    .records(offset + 12, bytes.u32be(offset + 8), 8, (at) => offset + bytes.u32be(at + 4))
    .filter((at) => bytes.u32be(at) === CODE_DIRECTORY);
  const directory = directories.find((at) => bytes.u8(at + 37) === SHA256);
  if (directory === undefined) return { problem: 'no hashes of SHA-256' };
  return {
    isAdHoc: (bytes.u32be(directory + 12) & AD_HOC) !== 0,
    problem: checkPages(bytes, directory, offset),
  };
}

/** The signature stands behind all that it covers. */
function checkPages(bytes, directory, end) {
  const [hashes, count, limit] = [16, 28, 32].map((field) => bytes.u32be(directory + field));
  const hashSize = bytes.u8(directory + 36);
  const pageSize = 2 ** bytes.u8(directory + 39);
  if (limit !== end) return `${limit} bytes are signed, not ${end}`;
  if (count !== Math.ceil(limit / pageSize)) return `${count} hashes for ${limit} bytes`;
  for (let page = 0; page < count; page += 1) {
    const start = page * pageSize;
    const content = bytes.slice(start, Math.min(pageSize, limit - start));
    const signed = bytes.slice(directory + hashes + page * hashSize, hashSize);
    const actual = createHash('sha256').update(content).digest();
    if (!actual.equals(signed)) return `page ${page} was changed after signing`;
  }
  return undefined;
}
