import { crc32 } from 'node:zlib';

/** A deterministic generator of numbers (sfc32 seeded through CRCs of the seed text): the same seed, the same sequence, everywhere. */
export class Random {
  #a;
  #b;
  #c;
  #d = 1;

  constructor(seed) {
    this.#a = crc32(`a${seed}`);
    this.#b = crc32(`b${seed}`);
    this.#c = crc32(`c${seed}`);
    for (let warmUp = 0; warmUp < 16; warmUp++) this.next();
  }

  /** The next 32 bits as an unsigned integer. */
  next() {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit) {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }

  /** An integer from `low` to `high`, both included. */
  between(low, high) {
    return low + this.below(high - low + 1);
  }

  /** True with the probability `share`. */
  chance(share) {
    return this.next() < share * 0x1_0000_0000;
  }

  /** One of the items. */
  pick(items) {
    return items[this.below(items.length)];
  }

  /** `count` results of `make`. */
  times(count, make) {
    return Array.from({ length: count }, (_, index) => make(index));
  }

  /** The items in another order; the argument stays as it is. */
  shuffle(items) {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
    }
    return shuffled;
  }

  /** `length` characters of a small alphabet that is allowed in flag and segment keys. */
  key(length) {
    return this.times(length, () => this.pick([...'abcdefghijklmnopqrstuvwxyz0123456789'])).join(
      '',
    );
  }
}
