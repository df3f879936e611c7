import type { ExitCode } from './exit-code.js';
import type { Output } from './output.js';

/** One option of the command line. */
export interface OptionHelp {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What follows the option, for the help. */
  readonly argument?: string;
  readonly help: string;
}

/** Options by their long names. */
export type Options = Readonly<Record<string, OptionHelp>>;

/** What one word of the command line does. */
export interface Verb {
  readonly name: string;
  /** What follows it, for the help: `<flag>`, `[file]`. */
  readonly operands: readonly string[];
  readonly summary: string;
  /** More for the help of this verb, one line each. */
  readonly details: readonly string[];
  /** Beside those that every verb has. */
  readonly options: Options;
  run(call: Call): Promise<ExitCode>;
}

/** One use of a verb. */
export interface Call {
  /** As many as the verb has, without the optional ones that were left out. */
  readonly operands: readonly string[];
  readonly given: Given;
  readonly output: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From now on the user ends the verb, and not the process: the signal tells when. */
  untilStopped(): AbortSignal;
}

type Value = string | boolean | readonly (string | boolean)[] | undefined;

/** The options that a command line gives. */
export class Given {
  readonly #values: Readonly<Record<string, Value>>;

  constructor(values: Readonly<Record<string, Value>>) {
    this.#values = values;
  }

  /** The value of an option; `undefined` when it is not given or empty. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  /** The values of an option that may be repeated. */
  texts(name: string): string[] {
    const values = this.#values[name];
    return Array.isArray(values) ? values.map(String) : [];
  }

  /** Whether an option without a value is given. */
  has(name: string): boolean {
    return this.#values[name] === true;
  }
}
