import { beginsVisibly, isPresent } from '../arguments.js';
import { describe } from '../encode.js';
import { invalidArgument } from '../errors.js';

/**
 * A value of a context. Dates are compared as their RFC 3339 text; nested objects and arrays are left out, with one
 * warning that names the key; `null` and `undefined` count as absent.
 */
export type ContextAttribute =
  | string
  | number
  | boolean
  | bigint
  | Date
  | null
  | undefined
  | object;

/**
 * Whom a flag is evaluated for, and what is known about them. Only own properties are read.
 *
 * Without a `targetingKey`, the first present one of `entityId`, `userId` and `user_id` stands in for it; all of them
 * stay readable as attributes.
 */
export interface FlagContext {
  /** Identifies the entity; the same key always lands in the same bucket. */
  readonly targetingKey?: string | undefined;
  /** What constraints look at. */
  readonly [attribute: string]: ContextAttribute;
}

const STAND_INS = ['entityId', 'userId', 'user_id'] as const;
const isOwn = Object.prototype.hasOwnProperty;

/** The key of the entity that a context names; empty when it names none. */
export function targetingKeyOf(context: unknown): string {
  if (typeof context !== 'object' || context === null) {
    return '';
  }
  const named = begins(context) ? keyOf(context.targetingKey) : keyAt(context, 'targetingKey');
  if (named !== '') {
    return named;
  }
  for (const name of STAND_INS) {
    const key = keyAt(context, name);
    if (key !== '') {
      return key;
    }
  }
  return '';
}

/**
 * Whether the first property is the targeting key, as it mostly is. The keys of a loop are known to be own ones: it is
 * much cheaper than asking for one.
 */
function begins(context: object): context is FlagContext {
  for (const key in context) {
    return key === 'targetingKey' && isOwn.call(context, key);
  }
  return false;
}

function keyAt(context: object, name: string): string {
  return isOwn.call(context, name) ? keyOf((context as Record<string, unknown>)[name]) : '';
}

function keyOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return beginsVisibly(value) || isPresent(value) ? value : '';
    case 'number':
    case 'bigint':
      return String(value);
    default:
      return '';
  }
}

/** A frozen copy of a context that will be kept. */
export function kept(field: string, context: unknown): FlagContext {
  if (typeof context !== 'object' || context === null || Array.isArray(context)) {
    throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
      field,
      received: describe(context),
      allowed: 'an object',
    });
  }
  return Object.freeze({ ...context });
}

/**
 * One context laid over another. Whoever the upper one names, by whichever property, is the entity; when it names nobody,
 * as `{ targetingKey: user?.id }` may, it stays the lower one's.
 */
export function laidOver(lower: FlagContext | undefined, upper: FlagContext): FlagContext {
  if (lower === undefined) {
    return upper;
  }
  const merged: Record<string, ContextAttribute> = { ...lower, ...upper };
  const named = targetingKeyOf(upper) || targetingKeyOf(lower);
  if (named !== '') {
    merged['targetingKey'] = named;
  }
  return merged;
}
