import { callAborted } from './calls.js';
import { type ChangeEvent, mergeChanges } from './changes.js';
import type { AbortSignalLike } from './fetcher.js';

/** Changes that wait for their reader as they came; later ones are merged into the last of them. */
const BUFFER_LIMIT = 64;

type Result = IteratorResult<ChangeEvent, undefined>;

interface Reader {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Hands changes to a reader who takes them at his own pace. Its owner calls `push` and, in the end, `end`. */
export class ChangeIterator implements AsyncIterableIterator<ChangeEvent> {
  readonly #signal: AbortSignalLike | undefined;
  readonly #abort = () => this.#end(callAborted(this.#signal?.reason));
  #buffer: ChangeEvent[] = [];
  #readers: Reader[] = [];
  #failure: Error | undefined;
  #isEnded = false;
  #unsubscribe = () => {};

  constructor(signal: AbortSignalLike | undefined) {
    this.#signal = signal;
  }

  /** Begins to listen; `subscribe` returns what ends it. */
  start(subscribe: () => () => void): this {
    if (this.#signal?.aborted) {
      this.#abort();
      return this;
    }
    this.#unsubscribe = subscribe();
    this.#signal?.addEventListener('abort', this.#abort, { once: true });
    return this;
  }

  push(change: ChangeEvent): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ value: change, done: false });
      return;
    }
    const last = this.#buffer.length >= BUFFER_LIMIT ? this.#buffer.pop() : undefined;
    const next = last === undefined ? change : mergeChanges(last, change);
    if (next !== undefined) {
      this.#buffer.push(next);
    }
  }

  /** No more changes will come; those that wait can still be read. */
  end(): void {
    this.#end(undefined);
  }

  next(): Promise<Result> {
    const value = this.#buffer.shift();
    if (value !== undefined) {
      return Promise.resolve({ value, done: false });
    }
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#isEnded) {
      return Promise.resolve(done());
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  return(): Promise<Result> {
    this.#end(undefined);
    this.#buffer = [];
    this.#failure = undefined;
    return Promise.resolve(done());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(failure: Error | undefined): void {
    if (this.#isEnded) {
      return;
    }
    this.#isEnded = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#unsubscribe();
    const [first, ...others] = this.#readers.splice(0);
    if (failure === undefined) {
      first?.resolve(done());
    } else if (first !== undefined) {
      first.reject(failure);
    } else {
      this.#failure = failure;
    }
    for (const reader of others) {
      reader.resolve(done());
    }
  }
}

function done(): Result {
  return { value: undefined, done: true };
}
