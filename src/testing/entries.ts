import { refuse } from '../calls.js';
import { describe, encode } from '../encode.js';
import {
  type FeatureProblem,
  FliptError,
  invalidArguments,
  type Problem,
  unwrap,
} from '../errors.js';
import type { NativeClient } from '../native.js';
import { FlagBuilder } from './flag-builder.js';
import type { TestFlag } from './types.js';

const ALLOWED =
  'true, false, a text that is not empty, a number, an object, an array or a flag builder';

/** One flag as the addon takes it. */
type Entry =
  | { readonly key: string; readonly value: unknown }
  | { readonly key: string; readonly flag: unknown };

/** Flags by key, ready to be put in force. */
export type Entries = ReadonlyMap<string, Entry>;

/** Reads flags as users write them, a builder under a key of its own or in a list. */
export function entriesOf(flags: unknown): Entries {
  if (flags === undefined || flags === null) {
    return new Map();
  }
  if (Object.prototype.toString.call(flags) !== '[object Object]') {
    const received = describe(flags);
    const problem = { field: 'flags', received, allowed: 'an object of flags by key' };
    throw invalidArguments('FLIPT_ARGUMENT_INVALID', [problem]);
  }
  const problems: Problem[] = [];
  const entries = new Map<string, Entry>();
  for (const [key, flag] of Object.entries(flags as object)) {
    try {
      entries.set(key, entryOf(key, flag));
    } catch (error) {
      if (!FliptError.is(error) || error.details.problems === undefined) {
        throw error;
      }
      problems.push(...error.details.problems.filter(isOfField));
    }
  }
  refuse(problems);
  return entries;
}

/** Reads one flag. */
export function entryOf(key: string, flag: TestFlag): Entry {
  if (!(flag instanceof FlagBuilder)) {
    return { key, value: plain(key, flag) };
  }
  if (flag.key !== key) {
    const problem = {
      field: `flags.${key}`,
      received: `a builder of the flag ${flag.key}`,
      allowed: `a builder of the flag ${key}`,
    };
    throw invalidArguments('FLIPT_ARGUMENT_INVALID', [problem]);
  }
  return { key, flag: flag.definition() };
}

/** Puts flags in force, or throws one error that names every value that makes no flag; then the old ones stay. */
export function install(native: NativeClient, entries: Entries): void {
  try {
    unwrap(native.install(JSON.stringify([...entries.values()])));
  } catch (error) {
    const problems = FliptError.is(error) ? error.details.problems : undefined;
    throw problems === undefined
      ? error
      : invalidArguments('FLIPT_ARGUMENT_INVALID', problems.filter(isOfField).map(ofFlags));
  }
}

/** What JSON makes of a value, where a flag can be made of it. */
function plain(key: string, value: unknown): unknown {
  const encoded = encode(value);
  const isUsable = value !== undefined && value !== null && value !== '';
  if (isUsable && key !== '' && !JSON.stringify(encoded).includes('{"$js":')) {
    return encoded;
  }
  const [received, allowed] =
    key === ''
      ? ['an empty flag key', 'a flag key that is not empty']
      : [
          isUsable && typeof value === 'object'
            ? 'an object that JSON cannot express'
            : describe(value),
          ALLOWED,
        ];
  throw invalidArguments('FLIPT_ARGUMENT_INVALID', [{ field: `flags.${key}`, received, allowed }]);
}

const ofFlags = (problem: Problem): Problem => ({ ...problem, field: `flags.${problem.field}` });

function isOfField(problem: Problem | FeatureProblem): problem is Problem {
  return problem.received !== undefined;
}
