import type { Sink } from './output.js';

const FIRST_MS = 300;
const STEP_MS = 1000;

/** Says on a terminal what is being waited for and for how long; shows nothing when that is short. */
export class Progress {
  readonly #what: string;
  readonly #sink: Sink;
  readonly #started = performance.now();
  #timer: NodeJS.Timeout;
  #isShown = false;

  constructor(what: string, sink: Sink) {
    this.#what = what;
    this.#sink = sink;
    this.#timer = setTimeout(() => this.#show(), FIRST_MS);
    this.#timer.unref();
  }

  /** Takes the line away. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#isShown) {
      this.#isShown = false;
      this.#sink.write('\r\u001b[K');
    }
  }

  #show(): void {
    this.#isShown = true;
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    const since = seconds === 0 ? '' : ` ${seconds} s`;
    this.#sink.write(`\r\u001b[K${this.#what} …${since}`);
    this.#timer = setTimeout(() => this.#show(), STEP_MS);
    this.#timer.unref();
  }
}
