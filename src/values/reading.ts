import type { EvaluationKind } from '../evaluation-hook.js';
import { type Outcome, untyped } from '../outcome.js';
import { MALFORMED } from './attachments.js';

/** Instead of a value: no variant was chosen, so the caller's default counts. */
export const ABSENT: unique symbol = Symbol('absent');
/** Instead of a value: the flag has none of the wanted type. */
export const MISMATCH: unique symbol = Symbol('mismatch');

/** Takes the value of one type from an outcome, or one of the symbols above, or `MALFORMED`. */
export type Reading = (outcome: Outcome) => unknown;

/** The value of a boolean flag. */
export const booleanValue: Reading = (outcome) => (outcome.isBoolean ? outcome.on : MISMATCH);

/** The key of a variant. */
export const stringValue: Reading = (outcome) =>
  outcome.isBoolean ? MISMATCH : outcome.variantKey || ABSENT;

/** A number attached to a variant, else its key where that is one. */
export const numberValue: Reading = (outcome) => {
  if (outcome.isBoolean) {
    return MISMATCH;
  }
  return outcome.variantKey === '' ? ABSENT : (outcome.numeric ?? MISMATCH);
};

/** The structure attached to a variant. */
export const objectValue: Reading = (outcome) => {
  if (outcome.isBoolean) {
    return MISMATCH;
  }
  if (outcome.variantKey === '') {
    return ABSENT;
  }
  const { attachment } = outcome;
  return attachment === MALFORMED || (typeof attachment === 'object' && attachment !== null)
    ? attachment
    : MISMATCH;
};

/** Whatever the flag has. */
export const anyValue: Reading = (outcome) =>
  outcome.isBoolean || outcome.variantKey !== '' ? untyped(outcome) : ABSENT;

/** Whether a flag of this kind can have such a value at all. */
export function suits(reading: Reading, isBoolean: boolean): boolean {
  return reading === anyValue || (reading === booleanValue) === isBoolean;
}

const KINDS = new Map<Reading | undefined, EvaluationKind>([
  [booleanValue, 'boolean'],
  [stringValue, 'string'],
  [numberValue, 'number'],
  [objectValue, 'object'],
]);

/** What a reading looks for. */
export function kindOf(reading: Reading | undefined): EvaluationKind {
  return KINDS.get(reading) ?? 'any';
}

/** The reading that a default value asks for; none for a value that no flag can have. */
export function readingFor(defaultValue: unknown): Reading | undefined {
  switch (typeof defaultValue) {
    case 'boolean':
      return booleanValue;
    case 'string':
      return stringValue;
    case 'number':
      return numberValue;
    case 'object':
      return defaultValue === null ? anyValue : objectValue;
    case 'undefined':
      return anyValue;
    default:
      return undefined;
  }
}
