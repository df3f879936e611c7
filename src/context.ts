import { describe } from './encode.js';
import type { Problem } from './errors.js';

const ALLOWED = 'text, a number, a boolean, a bigint, null or undefined';
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Contexts with more keys than this are looked up key by key. */
const MOST_SEEN = 32;
/** The position of a key that the flag does not read; every other position is above. */
const ABSENT = -1;

/** Thrown while reading a context, and replaced by an error that names every bad key. */
const UNUSABLE = new Error('unusable context');

/** What a context threw by itself while it was read, if that is why reading failed. */
export function thrownBy(cause: unknown): unknown {
  return cause === UNUSABLE ? undefined : cause;
}

/** Gives the text of a value that has none by itself; empty where the value is to be left out. */
export type Spare = (key: string, value: unknown) => string;

/** Which position in a frame each context key of a flag has. */
export class KeyPositions {
  readonly #positions: ReadonlyMap<string, number>;
  /** The keys of the context seen last, in order, with their positions; contexts of one caller mostly look alike. */
  readonly seen: string[];
  readonly positions: number[];
  /** The keys that the flag reads, in the order of their positions. */
  readonly names: readonly string[];
  /** How many keys there are. */
  readonly count: number;

  constructor(keys: readonly string[]) {
    this.names = keys;
    this.#positions = new Map(keys.map((key, position) => [key, position]));
    this.count = this.#positions.size;
    this.seen = new Array<string>(MOST_SEEN).fill('');
    this.positions = new Array<number>(MOST_SEEN).fill(this.#positions.get('') ?? ABSENT);
  }

  /** The position of a key that was not seen at this place before, or -1 when the flag does not read it. */
  learn(place: number, key: string): number {
    const position = this.#positions.get(key) ?? ABSENT;
    if (place < MOST_SEEN) {
      this.seen[place] = key;
      this.positions[place] = position;
    }
    return position;
  }
}

/** All own keys with a value, and their texts, as the slow path takes them. Without `spare` every value has to have one. */
export function readAll(context: unknown, spare?: Spare): { keys: string[]; values: string[] } {
  const keys: string[] = [];
  const values: string[] = [];
  if (context !== undefined && context !== null) {
    for (const key of Object.keys(requireObject(context))) {
      const given = (context as Record<string, unknown>)[key];
      const value = hasText(given) || spare === undefined ? usable(given) : spare(key, given);
      // No server sends a key with half a character, and the addon would see another one.
      if (value !== undefined && !LONE_SURROGATE.test(key)) {
        keys.push(key);
        values.push(String(value));
      }
    }
  }
  return { keys, values };
}

/** A value that has a text, `undefined` for one that is absent. Throws for any other; {@link contextProblems} tells. */
function usable(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
    case 'undefined':
      return value;
    default:
      if (value === null) {
        return undefined;
      }
      throw UNUSABLE;
  }
}

function hasText(value: unknown): boolean {
  return value === null || !['object', 'function', 'symbol'].includes(typeof value);
}

function requireObject(context: unknown): object {
  if (isObject(context)) {
    return context;
  }
  throw UNUSABLE;
}

function isObject(context: unknown): context is object {
  return typeof context === 'object' && context !== null && !isContainer(context);
}

/** Built-in objects whose content is not in their properties. */
export function isContainer(value: object): boolean {
  return (
    Array.isArray(value) || value instanceof Map || value instanceof Set || value instanceof Date
  );
}

/** What is wrong with a context that could not be read: every key with a value that cannot be used. */
export function contextProblems(context: unknown): Problem[] {
  if (context === undefined || context === null) {
    return [];
  }
  if (!isObject(context)) {
    return [
      { field: 'context', received: describe(context), allowed: 'an object with text values' },
    ];
  }
  const problems: Problem[] = [];
  for (const key of Object.keys(context)) {
    const field = `context.${key}`;
    try {
      const value = (context as Record<string, unknown>)[key];
      if (
        value !== null &&
        (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol')
      ) {
        problems.push({ field, received: describe(value), allowed: ALLOWED });
      }
    } catch {
      problems.push({ field, received: 'a getter that throws', allowed: ALLOWED });
    }
  }
  return problems;
}
