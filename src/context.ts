import { describe } from './encode.js';
import type { Problem } from './errors.js';

const ALLOWED = 'text, a number, a boolean, a bigint, null or undefined';
const LONE_SURROGATE = /\p{Surrogate}/u;
const OBJECT_PROTOTYPE: object = Object.prototype;

/** Thrown while reading a context, and replaced by an error that names every bad key. */
const UNUSABLE = new Error('unusable context');

/** What a context threw by itself while it was read, if that is why reading failed. */
export function thrownBy(cause: unknown): unknown {
  return cause === UNUSABLE ? undefined : cause;
}

/** Which position in a frame each context key of a flag has. */
export class KeyPositions {
  readonly #positions = new Map<string, number>();
  /** The keys of the context seen last, in order, with their positions; contexts of one caller mostly look alike. */
  readonly #seen: string[] = [];
  readonly #seenPositions: number[] = [];

  constructor(keys: readonly string[]) {
    keys.forEach((key, position) => {
      this.#positions.set(key, position);
    });
  }

  /** How many keys there are. */
  get count(): number {
    return this.#positions.size;
  }

  /**
   * Puts the values of the keys that the flag reads into `values`, from `offset` on, and checks all others. Every property
   * is read once; getters may run anything, so that `values` must belong to this call alone.
   */
  read(context: unknown, values: unknown[], offset: number): void {
    if (context === undefined || context === null) {
      return;
    }
    // An own key of this name hides the prototype, and so takes the longer way too. `Object.getPrototypeOf` is slower.
    // biome-ignore lint/suspicious/noProto: the alternative is not inlined
    if ((context as Record<string, unknown>)['__proto__'] !== OBJECT_PROTOTYPE || isPolluted()) {
      this.#readUnusual(context, values, offset);
      return;
    }
    let index = 0;
    for (const key in context) {
      const value = (context as Record<string, unknown>)[key];
      const position =
        this.#seen[index] === key
          ? (this.#seenPositions[index] as number)
          : this.#learn(index, key);
      if (position >= 0) {
        values[offset + position] = typeof value === 'string' ? value : usable(value);
      } else if (typeof value !== 'string') {
        usable(value);
      }
      index++;
    }
  }

  /** Own properties only, whatever the prototype offers. */
  #readUnusual(context: unknown, values: unknown[], offset: number): void {
    for (const key of Object.keys(requireObject(context))) {
      const value = usable((context as Record<string, unknown>)[key]);
      const position = this.#positions.get(key);
      if (position !== undefined) {
        values[offset + position] = value;
      }
    }
  }

  #learn(index: number, key: string): number {
    const position = this.#positions.get(key) ?? -1;
    if (index < MOST_SEEN) {
      this.#seen[index] = key;
      this.#seenPositions[index] = position;
    }
    return position;
  }
}

/** Contexts with more keys than this are looked up key by key. */
const MOST_SEEN = 32;

/** All own keys with a value, and their texts, as the slow path takes them. */
export function readAll(context: unknown): { keys: string[]; values: string[] } {
  const keys: string[] = [];
  const values: string[] = [];
  if (context !== undefined && context !== null) {
    for (const key of Object.keys(requireObject(context))) {
      const value = usable((context as Record<string, unknown>)[key]);
      // No server sends a key with half a character, and the addon would see another one.
      if (value !== undefined && !LONE_SURROGATE.test(key)) {
        keys.push(key);
        values.push(String(value));
      }
    }
  }
  return { keys, values };
}

/** Whether every object inherits an enumerable property, which `for in` would list. */
function isPolluted(): boolean {
  for (const _ in OBJECT_PROTOTYPE) {
    return true;
  }
  return false;
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
function isContainer(value: object): boolean {
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
