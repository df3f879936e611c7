/** Timestamps of evaluations: many of them fall into one millisecond and share its text. */
export class Clock {
  #tick = -1;
  #text = '';

  /** The time of day in ISO 8601; `tick` is the millisecond of a clock that never goes back. */
  iso(tick: number): string {
    if (tick !== this.#tick) {
      this.#tick = tick;
      this.#text = new Date().toISOString();
    }
    return this.#text;
  }
}
