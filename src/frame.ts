import { createError, type FliptError } from './errors.js';
import type { NativeClient } from './native.js';
import type { Plan } from './plan.js';

/** How the addon answered a frame; the numbers are those of `engine/src/evaluate/frame.rs`. */
export const Status = {
  Answered: 0,
  Stale: 1,
  Closed: 2,
  NotReady: 3,
  Malformed: 4,
  Panicked: 5,
} as const;

const HEADER_BYTES = 16;
const ITEM_BYTES = 12;
const TEXT_BYTES = 8;
const SMALLEST = 4096;
const LARGEST = 1024 * 1024;
/** Above this length the built-in encoder is faster than a loop. */
const LOOP_LENGTH = 24;
const MOST_BYTES_PER_UNIT = 3;

/** Room for texts that stay. */
const KNOWN_BYTES = 16 * 1024;
const LONGEST_KNOWN = 63;
/** A text up to this length is written as fast as it is looked up. */
const SHORT = 4;
/** Where a text stands and how long it is share one small integer. */
const LENGTH_BITS = 6;
const LENGTH_MASK = (1 << LENGTH_BITS) - 1;

const encoder = new TextEncoder();

/**
 * The buffer that is lent to the addon, and the raw callback that answers what stands in it. The layout is described
 * in `engine/src/evaluate/frame.rs`. The far end holds the texts of values that come again and again.
 */
export class Frame {
  readonly #native: NativeClient;
  readonly #numbers: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #floats: Float64Array;
  readonly #call: () => void;
  /** Where items must end, because the texts that stay begin. */
  readonly #limit: number;
  /** Where the next item begins. */
  #next = HEADER_BYTES;
  /** Where the next text begins, behind all items. */
  #end = HEADER_BYTES;
  /** Where the texts of values stand that came before: begin and length in one number. */
  readonly #known = new Map<unknown, number>();
  /** Where the next text that stays begins. */
  #knownEnd: number;
  #isFull = false;

  constructor(native: NativeClient, bytes = SMALLEST) {
    this.#native = native;
    const { buffer, call } = native.createEvaluator(bytes + KNOWN_BYTES);
    this.#numbers = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#call = call;
    this.#limit = bytes;
    this.#knownEnd = bytes;
  }

  /** Begins a frame for a number of items that ask about a number of keys together. */
  begin(items: number, keys: number): void {
    this.#next = HEADER_BYTES;
    this.#end = HEADER_BYTES + items * ITEM_BYTES + keys * TEXT_BYTES;
    if (this.#isFull) {
      // Not earlier: the items of one frame may point at texts that stay.
      this.#isFull = false;
      this.#known.clear();
      this.#knownEnd = this.#limit;
    }
  }

  /**
   * Adds an item; `values` holds the values of the plan's keys from `offset` on, `undefined` for absent ones. Returns
   * where its answer will stand, or -1 when the frame has no room for it.
   */
  add(plan: Plan, entityId: string, values: readonly unknown[], offset: number): number {
    const count = plan.keyCount;
    const numbers = this.#numbers;
    const slot = this.#next >> 2;
    let at = this.#end;
    let end = this.#write(entityId, at, this.#limit);
    if (end < 0) {
      return -1;
    }
    numbers[slot] = plan.position;
    numbers[slot + 1] = at;
    numbers[slot + 2] = end - at;
    for (let index = 0; index < count; index++) {
      const value = values[offset + index];
      const place = slot + 3 + index * 2;
      if (value === undefined || value === '') {
        numbers[place] = 0;
        numbers[place + 1] = 0;
        continue;
      }
      const isKept = plan.repeats[index] && (typeof value !== 'string' || value.length > SHORT);
      const known = isKept ? this.#known.get(value) : undefined;
      if (known !== undefined) {
        plan.repeated(index);
        numbers[place] = known >>> LENGTH_BITS;
        numbers[place + 1] = known & LENGTH_MASK;
        continue;
      }
      at = end;
      end = this.#write(typeof value === 'string' ? value : String(value), at, this.#limit);
      if (end < 0) {
        return -1;
      }
      numbers[place] = at;
      numbers[place + 1] = end - at;
      if (isKept) {
        plan.surprised(index);
        this.#remember(value, at, end);
      }
    }
    this.#next += ITEM_BYTES + count * TEXT_BYTES;
    this.#end = end;
    return slot;
  }

  /** Asks for the answers of the items that were added, under a plan's generation. */
  ask(plan: Plan, items: number): number {
    const numbers = this.#numbers;
    numbers[0] = plan.generationLow;
    numbers[1] = plan.generationHigh;
    numbers[2] = items;
    this.#call();
    return numbers[0];
  }

  /** The position of an item's outcome. */
  outcome(slot: number): number {
    return this.#numbers[slot] as number;
  }

  /** The mask of an item's matched segments. */
  segments(slot: number): number {
    return this.#numbers[slot + 1] as number;
  }

  /** How long an item took, in milliseconds. */
  duration(slot: number): number {
    return (this.#numbers[slot + 2] as number) / 1e6;
  }

  /** How long all items took, in milliseconds. */
  totalDuration(): number {
    return (this.#numbers[1] as number) / 1e6;
  }

  /** The millisecond of a clock that never goes back, at the end of the answer. */
  tick(): number {
    return this.#floats[1] as number;
  }

  /** A larger frame for the same client, or nothing when this one is as large as frames get. */
  grown(): Frame | undefined {
    const bytes = this.#limit * 4;
    return bytes > LARGEST ? undefined : new Frame(this.#native, bytes);
  }

  /** Writes a text as UTF-8 and returns where it ends, or -1 when there may not be room for it before `limit`. */
  #write(text: string, at: number, limit: number): number {
    const bytes = this.#bytes;
    const length = text.length;
    if (at + length * MOST_BYTES_PER_UNIT > limit) {
      return -1;
    }
    if (length <= LOOP_LENGTH) {
      // Four characters a round, and one test for all: this loop is the most expensive part of many evaluations.
      const rounds = length & ~3;
      let seen = 0;
      let index = 0;
      for (; index < rounds; index += 4) {
        const first = text.charCodeAt(index);
        const second = text.charCodeAt(index + 1);
        const third = text.charCodeAt(index + 2);
        const fourth = text.charCodeAt(index + 3);
        seen |= first | second | third | fourth;
        bytes[at + index] = first;
        bytes[at + index + 1] = second;
        bytes[at + index + 2] = third;
        bytes[at + index + 3] = fourth;
      }
      for (; index < length; index++) {
        const unit = text.charCodeAt(index);
        seen |= unit;
        bytes[at + index] = unit;
      }
      if (seen < 128) {
        return at + length;
      }
    }
    return at + encoder.encodeInto(text, bytes.subarray(at)).written;
  }

  /** Keeps a copy of a short text, so that it need not be written when it comes again. */
  #remember(value: unknown, begin: number, end: number): void {
    const length = end - begin;
    if (length > LONGEST_KNOWN) {
      return;
    }
    if (this.#knownEnd + length > this.#bytes.length) {
      this.#isFull = true;
      return;
    }
    this.#bytes.copyWithin(this.#knownEnd, begin, end);
    this.#known.set(value, (this.#knownEnd << LENGTH_BITS) | length);
    this.#knownEnd += length;
  }
}

/** The error of a frame that was not answered. */
export function statusError(status: number): FliptError {
  switch (status) {
    case Status.Closed:
      return createError('the client is closed', { code: 'FLIPT_CLIENT_CLOSED' });
    case Status.NotReady:
      return createError('no flag state has been loaded yet', { code: 'FLIPT_CLIENT_NOT_READY' });
    default:
      return createError(`internal error: evaluation ended with status ${status}`, {
        code: 'FLIPT_INTERNAL_PANIC',
      });
  }
}
