/** Stands for a text that is no JSON. */
export const MALFORMED: unique symbol = Symbol('malformed');

/** What JSON texts mean, each parsed once and frozen, so that everybody can be given the same object. */
export class Attachments {
  readonly #byText = new Map<string, unknown>();

  /** The value of a text, or {@link MALFORMED}. */
  parse(text: string): unknown {
    const known = this.#byText.get(text);
    if (known !== undefined) {
      return known;
    }
    const value = parsed(text);
    this.#byText.set(text, value);
    return value;
  }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    freeze(value);
    return value;
  } catch {
    return MALFORMED;
  }
}

/** Freezes a value of JSON or a copy of one, however deep it is. */
export function freeze(value: unknown): void {
  const waiting = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'object' && next !== null) {
      Object.freeze(next);
      for (const part of Object.values(next)) {
        if (typeof part === 'object' && part !== null && !Object.isFrozen(part)) {
          waiting.push(part);
        }
      }
    }
  }
}
