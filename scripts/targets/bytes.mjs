import { StepError } from '../steps/process.mjs';

/** Something that a file says about itself cannot be. */
export class MalformedError extends StepError {}

/** Reads numbers and texts of a file at offsets; a file that ends too early is told where. */
export class Bytes {
  #buffer;

  constructor(buffer) {
    this.#buffer = buffer;
  }

  get length() {
    return this.#buffer.length;
  }

  u8(offset) {
    return this.slice(offset, 1)[0];
  }

  u16(offset) {
    return this.slice(offset, 2).readUInt16LE();
  }

  u32(offset) {
    return this.slice(offset, 4).readUInt32LE();
  }

  /** Big-endian, as in the code signatures of macOS. */
  u32be(offset) {
    return this.slice(offset, 4).readUInt32BE();
  }

  u64(offset) {
    const value = this.slice(offset, 8).readBigUInt64LE();
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw new MalformedError(`malformed: a number of ${value} at ${hex(offset)}`);
  }

  slice(offset, length) {
    const end = offset + length;
    if (offset >= 0 && length >= 0 && end <= this.length) return this.#buffer.subarray(offset, end);
    throw new MalformedError(
      `truncated: ${length} bytes are wanted at ${hex(offset)}, the file has ${this.length} in all`,
    );
  }

  /** The text up to the next NUL. */
  text(offset) {
    const end = offset < this.length ? this.#buffer.indexOf(0, offset) : -1;
    if (end < 0) throw new MalformedError(`truncated: a text at ${hex(offset)} has no end`);
    return this.#buffer.toString('latin1', offset, end);
  }

  /** The text of a field of fixed length, which NULs fill up. */
  field(offset, length) {
    return this.slice(offset, length).toString('latin1').split('\0', 1)[0];
  }

  /**
   * What `read` makes of each of `count` records of `size` bytes.
   *
   * @template T
   * @param {number} offset
   * @param {number} count
   * @param {number} size
   * @param {(at: number) => T} read
   * @returns {T[]}
   */
  records(offset, count, size, read) {
    // Before the loop: a count without sense must not run for hours.
    this.slice(offset, count * size);
    return Array.from({ length: count }, (_, index) => read(offset + index * size));
  }
}

export const hex = (number) => `0x${number.toString(16)}`;
