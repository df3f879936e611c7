/** Stands for a value that JSON cannot express; the engine names it in the problem that it reports. */
export interface Inexpressible {
  readonly $js: string;
}

/** What stands for a function under some key; `undefined` for one that cannot be expressed there. */
export type Replace = (value: unknown, key: string) => Replacement | undefined;

/** What stands for a function: where to find it, or why it cannot be used. */
export type Replacement = Source | Inexpressible;

/** Stands for a function that the engine may ask for. */
export interface Source {
  readonly $source: number;
}

const UNREADABLE: Inexpressible = { $js: 'a value that cannot be read' };
const MAX_DEPTH = 8;

/**
 * A copy of an option's value that JSON can express. What it cannot is replaced by its description, so that the
 * engine, which owns the rules, can refuse it by name. Never throws.
 */
export function encode(value: unknown, replace?: Replace): unknown {
  try {
    return encodeValue(value, 0, '', replace);
  } catch {
    return UNREADABLE;
  }
}

/** What a value is, without ever repeating it. Never throws. */
export function describe(value: unknown): string {
  if (value === UNREADABLE) {
    return UNREADABLE.$js;
  }
  try {
    return describeValue(value);
  } catch {
    return UNREADABLE.$js;
  }
}

/** Reads a property whose getter may throw. */
export function read(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return UNREADABLE;
  }
}

/** A name without lone surrogates, which UTF-8 cannot hold. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** An object without a prototype: every key, `__proto__` included, is an ordinary one. */
export function emptyRecord(): Record<string, unknown> {
  return Object.create(null);
}

function encodeValue(value: unknown, depth: number, key: string, replace?: Replace): unknown {
  switch (typeof value) {
    case 'string':
      return value === wellFormed(value) ? value : { $js: 'text with a lone surrogate' };
    case 'number':
      return Number.isFinite(value) ? value : { $js: String(value) };
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : encodeObject(value, depth, key, replace);
    case 'function':
      return replace?.(value, key) ?? { $js: describeValue(value) };
    default:
      return { $js: describeValue(value) };
  }
}

function encodeObject(value: object, depth: number, key: string, replace?: Replace): unknown {
  if (depth >= MAX_DEPTH) {
    return { $js: 'a deeply nested object' };
  }
  if (Array.isArray(value)) {
    return value.map((item) => encodeValue(item, depth + 1, key, replace) ?? null);
  }
  const kind = kindOf(value);
  if (kind !== 'Object') {
    return { $js: withArticle(kind) };
  }
  const record = emptyRecord();
  for (const name of Object.keys(value)) {
    // Only a function may be taken for one.
    const safe = name === '$source' ? '_$source' : wellFormed(name);
    record[safe] = encodeValue(read(value, name), depth + 1, name, replace);
  }
  return record;
}

function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'object':
      return value === null ? 'null' : withArticle(kindOf(value));
    case 'undefined':
    case 'function':
    case 'symbol':
      return typeof value;
    default:
      return withArticle(typeof value);
  }
}

/** `Object` for plain objects and instances of classes, of any realm, else the name of the built-in. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function withArticle(noun: string): string {
  return /^[AEIOU]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}
