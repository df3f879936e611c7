import { Progress } from './progress.js';

/** A stream of the process, as far as output needs it. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** What text can look like on a terminal. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const STYLES: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

const COLUMNS = 80;
const NARROWEST = 40;

/** Everything that is printed goes through here: results to one stream, what goes on beside them to the other. */
export class Output {
  readonly #results: Sink;
  readonly #asides: Sink;
  readonly #hasColour: boolean;
  readonly #asidesHaveColour: boolean;
  #progress: Progress | undefined;

  /** Colour is for terminals, unless the environment says `NO_COLOR`. */
  constructor(
    results: Sink,
    asides: Sink,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#results = results;
    this.#asides = asides;
    const isWanted = !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
    this.#hasColour = isWanted && results.isTTY === true;
    this.#asidesHaveColour = isWanted && asides.isTTY === true;
  }

  /** How many columns a line of results may have. */
  get width(): number {
    return Math.max(NARROWEST, this.#results.columns ?? COLUMNS);
  }

  /** Whether a person reads the results. */
  get isTerminal(): boolean {
    return this.#results.isTTY === true;
  }

  /** Text in a style, where results have colour. */
  styled(style: Style | undefined, text: string): string {
    return paint(style, text, this.#hasColour);
  }

  /** One line of results, or several. */
  line(text = ''): void {
    this.#progress?.stop();
    this.#results.write(`${text}\n`);
  }

  /** Results for programs: one value as JSON, indented, or on one line. */
  json(value: unknown, indent = 2): void {
    this.line(JSON.stringify(value, undefined, indent));
  }

  /** What the user should know, but is no result. */
  warning(message: string): void {
    this.#aside('yellow', 'warning', message);
  }

  /** Why the program ends without a result. */
  error(message: string): void {
    this.#aside('red', 'flipt-native', message);
  }

  /** Says what is being waited for, should it take long, until it has settled. Only for people. */
  async during<T>(what: string, work: Promise<T>): Promise<T> {
    if (this.#asides.isTTY !== true) {
      return work;
    }
    this.#progress = new Progress(what, this.#asides);
    try {
      return await work;
    } finally {
      this.#progress.stop();
      this.#progress = undefined;
    }
  }

  #aside(style: Style, head: string, message: string): void {
    this.#progress?.stop();
    const text = printable(message);
    this.#asides.write(`${paint(style, `${head}:`, this.#asidesHaveColour)} ${text}\n`);
  }
}

function paint(style: Style | undefined, text: string, hasColour: boolean): string {
  if (style === undefined || !hasColour || text === '') {
    return text;
  }
  const [on, off] = STYLES[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** Text on one line, without characters that steer a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]+/gu, ' ');
}
