import { createError, type FliptError } from './errors.js';
import type { NativeClient } from './native.js';
import type { Plan } from './plan.js';

/** How the addon answered a frame; the numbers are those of `engine/src/evaluate/frame.rs`. */
export const Status = { Answered: 0, Stale: 1, Closed: 2, NotReady: 3, Malformed: 4, Panicked: 5 } as const;

const HEADER_BYTES = 16;
const ITEM_BYTES = 12;
const SMALLEST = 4096;
const LARGEST = 1024 * 1024;
/** Above this length the built-in encoder is faster than a loop. */
const LOOP_LENGTH = 48;
const MOST_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();

/**
 * The buffer that is lent to the addon, and the raw callback that answers what stands in it. The layout is described
 * in `engine/src/evaluate/frame.rs`.
 */
export class Frame {
  readonly #native: NativeClient;
  #numbers: Uint32Array;
  #bytes: Uint8Array;
  #floats: Float64Array;
  #call: () => void;
  /** Where the next item begins. */
  #end = HEADER_BYTES;

  constructor(native: NativeClient, bytes = SMALLEST) {
    this.#native = native;
    const { buffer, call } = native.createEvaluator(bytes);
    this.#numbers = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#call = call;
  }

  /** Begins a frame without items. */
  begin(): void {
    this.#end = HEADER_BYTES;
  }

  /**
   * Adds an item; `texts` holds the values of the plan's keys from `offset` on. Returns where its answer will stand, or
   * -1 when the frame has no room for it.
   */
  add(plan: Plan, entityId: string, texts: readonly string[], offset: number): number {
    const start = this.#end;
    const count = plan.keyCount;
    const numbers = this.#numbers;
    const slot = start >> 2;
    let at = start + ITEM_BYTES + count * 4;
    const entityAt = at;
    at = this.#write(entityId, at);
    if (at < 0) {
      return -1;
    }
    numbers[slot] = plan.position;
    numbers[slot + 1] = at - entityAt;
    for (let index = 0; index < count; index++) {
      const text = texts[offset + index] as string;
      const next = text === '' ? at : this.#write(text, at);
      if (next < 0) {
        return -1;
      }
      numbers[slot + 3 + index] = next - at;
      at = next;
    }
    this.#end = (at + 3) & ~3;
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
    const bytes = this.#bytes.length * 4;
    return bytes > LARGEST ? undefined : new Frame(this.#native, bytes);
  }

  /** Writes a text as UTF-8 and returns where it ends, or -1 when there may not be room for it. */
  #write(text: string, at: number): number {
    const bytes = this.#bytes;
    const length = text.length;
    if (at + length * MOST_BYTES_PER_UNIT > bytes.length) {
      return -1;
    }
    if (length <= LOOP_LENGTH) {
      let index = 0;
      while (index < length) {
        const unit = text.charCodeAt(index);
        if (unit > 127) {
          break;
        }
        bytes[at + index] = unit;
        index++;
      }
      if (index === length) {
        return at + length;
      }
    }
    return at + encoder.encodeInto(text, bytes.subarray(at)).written;
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
      return createError(`internal error: evaluation ended with status ${status}`, { code: 'FLIPT_INTERNAL_PANIC' });
  }
}
