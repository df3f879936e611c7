/** Stands for a value that JSON cannot express; the engine names it in the problem that it reports. */
interface Inexpressible {
  readonly $js: string;
}

const UNREADABLE: Inexpressible = { $js: 'a value that cannot be read' };
const MAX_DEPTH = 8;

/**
 * A copy of an option's value that JSON can express. What it cannot is replaced by its description, so that the
 * engine, which owns the rules, can refuse it by name. Never throws.
 */
export function encode(value: unknown): unknown {
  try {
    return encodeValue(value, 0);
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

function encodeValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value === wellFormed(value) ? value : { $js: 'text with a lone surrogate' };
    case 'number':
      return Number.isFinite(value) ? value : { $js: String(value) };
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : encodeObject(value, depth);
    default:
      return { $js: describeValue(value) };
  }
}

function encodeObject(value: object, depth: number): unknown {
  if (depth >= MAX_DEPTH) {
    return { $js: 'a deeply nested object' };
  }
  if (Array.isArray(value)) {
    return value.map((item) => encodeValue(item, depth + 1) ?? null);
  }
  const kind = kindOf(value);
  if (kind !== 'Object') {
    return { $js: withArticle(kind) };
  }
  const record = emptyRecord();
  for (const key of Object.keys(value)) {
    record[wellFormed(key)] = encodeValue(read(value, key), depth + 1);
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
