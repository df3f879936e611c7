import { isContainer, type KeyPositions, type Spare } from './context.js';
import { createError, type FliptError } from './errors.js';
import type { NativeClient } from './native.js';
import type { Plan } from './plan.js';
import type { Line } from './values/sheet.js';

/** How the addon answered a frame; the numbers are those of `engine/src/evaluate/frame.rs`. */
export const Status = {
  Answered: 0,
  Stale: 1,
  Closed: 2,
  NotReady: 3,
  Malformed: 4,
  Panicked: 5,
} as const;

/** The layout that is written and read here, by its number in `engine/src/evaluate/frame.rs`. */
const LAYOUT = 3;
const HEADER_BYTES = 24;
const ITEM_BYTES = 12;
const TEXT_BYTES = 8;
const SMALLEST = 4096;
const LARGEST = 1024 * 1024;
/** Above this length the built-in encoder is faster than a loop. */
const LOOP_LENGTH = 40;
const MOST_BYTES_PER_UNIT = 3;
const NOT_ASCII = 128;

/** Where the only item of a frame stands, in numbers. */
export const FIRST = HEADER_BYTES / 4;
/** Instead of a place: the frame has no room for the item. */
export const NO_ROOM = -1;
/** Instead of a place: the context is not one. */
export const UNREADABLE = -2;

const encoder = new TextEncoder();
const isOwn = Object.prototype.hasOwnProperty;

/**
 * The buffer that is lent to the addon, and the raw callback that answers what stands in it. The layout is described
 * in `engine/src/evaluate/frame.rs`.
 */
export class Frame {
  readonly #native: NativeClient;
  readonly #numbers: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #floats: Float64Array;
  readonly #call: () => void;
  /** The texts of the item that is being added: the entity id, then the values of the plan's keys. */
  readonly #texts: string[] = [];
  /** Where the next item begins. */
  #next = HEADER_BYTES;
  /** Where the next text begins, behind all items. */
  #end = HEADER_BYTES;
  /** A context is being read, and its getters may ask: what they ask does not go through this frame. */
  #isReading = false;

  constructor(native: NativeClient, bytes = SMALLEST) {
    this.#native = native;
    const { buffer, call, layout } = native.createEvaluator(bytes);
    if (layout !== LAYOUT) {
      throw createError(
        `the native addon is of another build: frame layout ${layout}, not ${LAYOUT}`,
        {
          code: 'FLIPT_NATIVE_LOAD',
        },
      );
    }
    this.#numbers = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#call = call;
  }

  /** Begins a frame for a number of items that ask about a number of keys together. */
  begin(items: number, keys: number): void {
    this.#next = HEADER_BYTES;
    this.#end = HEADER_BYTES + items * ITEM_BYTES + keys * TEXT_BYTES;
  }

  /** Whether the frame holds one question. What it cannot hold, and what a context throws, the slow path reports. */
  hold(plan: Plan, entityId: string, context: unknown, spare?: Spare): boolean {
    if (this.#isReading) {
      return false;
    }
    this.#isReading = true;
    try {
      this.begin(1, plan.keyCount);
      return this.add(plan, entityId, context, spare) >= 0;
    } catch {
      return false;
    } finally {
      this.#isReading = false;
    }
  }

  /**
   * Holds one question for each line, all for one entity and context, whose texts are written once. `keys` are those of
   * all lines together.
   */
  holdAll(
    lines: readonly Line[],
    keys: KeyPositions,
    entityId: string,
    context: unknown,
    spare: Spare,
  ): 'held' | 'no room' | 'unreadable' {
    if (this.#isReading) {
      return 'unreadable';
    }
    this.#isReading = true;
    try {
      if (!this.#read(keys, entityId, context, spare)) {
        return 'unreadable';
      }
    } catch {
      return 'unreadable';
    } finally {
      this.#isReading = false;
    }
    let count = 0;
    for (const { places } of lines) {
      count += places.length;
    }
    this.begin(lines.length, count);
    const begins: number[] = [];
    const lengths: number[] = [];
    for (const text of this.#texts.slice(0, keys.count + 1)) {
      const begin = this.#end;
      if (!this.#writeText(text)) {
        return 'no room';
      }
      begins.push(begin);
      lengths.push(this.#end - begin);
    }
    const numbers = this.#numbers;
    const [entityBegin, entityLength] = [begins[0] as number, lengths[0] as number];
    let place = FIRST;
    for (const { position, places } of lines) {
      numbers[place] = position;
      numbers[place + 1] = entityBegin;
      numbers[place + 2] = entityLength;
      place += ITEM_BYTES / 4;
      for (let index = 0; index < places.length; index++) {
        const key = (places[index] as number) + 1;
        numbers[place] = begins[key] as number;
        numbers[place + 1] = lengths[key] as number;
        place += TEXT_BYTES / 4;
      }
    }
    return 'held';
  }

  /**
   * Adds an item. Returns where its answer will stand, or {@link NO_ROOM}, or {@link UNREADABLE}; then nothing is added.
   *
   * Every own property of the context is read once. Getters may run anything but this frame: whoever calls this sees to
   * that.
   *
   * @throws what a getter of the context throws
   */
  add(plan: Plan, entityId: string, context: unknown, spare?: Spare): number {
    return this.#read(plan.keys, entityId, context, spare) ? this.#write(plan) : UNREADABLE;
  }

  /** Collects the texts of an item; false when the context is not one. */
  #read(keys: KeyPositions, entityId: string, context: unknown, spare?: Spare): boolean {
    const texts = this.#texts;
    const { count, seen, positions } = keys;
    texts[0] = entityId;
    for (let index = 1; index <= count; index++) {
      texts[index] = '';
    }
    if (context === undefined || context === null) {
      return true;
    }
    if (typeof context !== 'object') {
      return false;
    }
    let place = 0;
    for (const key in context) {
      if (!isOwn.call(context, key)) {
        continue;
      }
      const value = (context as Record<string, unknown>)[key];
      const position =
        place < seen.length && seen[place] === key
          ? (positions[place] as number)
          : keys.learn(place, key);
      place++;
      const text = typeof value === 'string' ? value : (textOf(value) ?? spare?.(key, value));
      if (text === undefined) {
        return false;
      }
      if (position >= 0) {
        texts[position + 1] = text;
      }
    }
    return !((place === 0 && isContainer(context)) || Array.isArray(context));
  }

  /** Writes the item whose texts were collected. One loop for all texts keeps it short enough to be compiled well. */
  #write(plan: Plan): number {
    const numbers = this.#numbers;
    const bytes = this.#bytes;
    const texts = this.#texts;
    const count = plan.keyCount;
    const slot = this.#next >> 2;
    let place = slot + 1;
    let end = this.#end;
    numbers[slot] = plan.position;
    for (let index = 0; index <= count; index++) {
      const text = texts[index] as string;
      const { length } = text;
      const begin = end;
      if (begin + length * MOST_BYTES_PER_UNIT > bytes.length) {
        return NO_ROOM;
      }
      // Beyond ASCII, and where the built-in encoder is faster than a loop, it does all.
      let seen = NOT_ASCII;
      if (length <= LOOP_LENGTH) {
        seen = 0;
        for (let at = 0; at < length; at++) {
          const unit = text.charCodeAt(at);
          seen |= unit;
          bytes[begin + at] = unit;
        }
      }
      end += seen < NOT_ASCII ? length : encoder.encodeInto(text, bytes.subarray(begin)).written;
      numbers[place] = begin;
      numbers[place + 1] = end - begin;
      place += 2;
    }
    this.#next += ITEM_BYTES + count * TEXT_BYTES;
    this.#end = end;
    return slot;
  }

  /** Writes one text at the end; false when there is no room. */
  #writeText(text: string): boolean {
    const begin = this.#end;
    if (begin + text.length * MOST_BYTES_PER_UNIT > this.#bytes.length) {
      return false;
    }
    this.#end += encoder.encodeInto(text, this.#bytes.subarray(begin)).written;
    return true;
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

  /** Whether the flag state that answered is stale. */
  isStale(): boolean {
    return this.#numbers[4] === 1;
  }

  /** A larger frame for the same client, or nothing when this one is as large as frames get. */
  grown(): Frame | undefined {
    const bytes = this.#bytes.length * 4;
    return bytes > LARGEST ? undefined : new Frame(this.#native, bytes);
  }
}

/** How many numbers an item takes. */
export function itemLength(plan: Plan): number {
  return (ITEM_BYTES + plan.keyCount * TEXT_BYTES) / 4;
}

/** The text of a value that is none; empty for an absent one, nothing for what has no text. */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return '';
    default:
      return value === null ? '' : undefined;
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
