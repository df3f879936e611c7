import { isolate, type LogLevel, thrownText } from './logger.js';

/** Calls the functions of one object of the user so that nothing they do reaches what they are called around. */
export class Isolation<Name extends string> {
  readonly #owner: string;
  readonly #log: (level: LogLevel, message: string) => void;
  readonly #failing = new Set<Name>();

  /** Messages begin with the owner's name. */
  constructor(owner: string, log: (level: LogLevel, message: string) => void) {
    this.#owner = owner;
    this.#log = log;
  }

  call(name: Name, run: () => unknown): void {
    try {
      if (!isolate(run(), (reason) => this.#report(name, reason))) {
        this.#failing.delete(name);
      }
    } catch (error) {
      this.#report(name, error);
    }
  }

  /** Such a function fails with every evaluation or not at all: only the first failure of a series is a warning. */
  #report(name: Name, error: unknown): void {
    const level = this.#failing.has(name) ? 'debug' : 'warn';
    this.#failing.add(name);
    this.#log(level, `${this.#owner}.${name} failed: ${thrownText(error)}`);
  }
}
