import { describe } from '../encode.js';
import { invalidArgument } from '../errors.js';
import type { DetailsReason, EvaluationDetails, FlagValue } from './details.js';

/** The value of one flag in a {@link FlagsState}. */
export interface FlagState {
  /** The flag's value; left out where no variant was chosen. */
  readonly value?: FlagValue;
  /** Key of the chosen variant. */
  readonly variant?: string;
  /** Why the flag has this value. */
  readonly reason: DetailsReason;
}

/** The values of flags for one context, as an object that JSON can carry. */
export interface FlagsState {
  /** Of this form. */
  readonly version: 1;
  /** Digest of the flag state behind the values; empty where there was none. */
  readonly digest: string;
  /** The flags by key. */
  readonly flags: Readonly<Record<string, FlagState>>;
}

/** Reads the values in a {@link FlagsState}; like a client it never throws, and gives the default for what is missing. */
export interface FlagsStateReader {
  /** Digest of the flag state behind the values. */
  readonly digest: string;
  /** The value of a boolean flag. */
  getBooleanValue(flagKey: string, defaultValue: boolean): boolean;
  /** The key of a flag's variant. */
  getStringValue(flagKey: string, defaultValue: string): string;
  /** The number that a flag's variant stands for. */
  getNumberValue(flagKey: string, defaultValue: number): number;
  /** The structure attached to a flag's variant. */
  getObjectValue<T extends object>(flagKey: string, defaultValue: T): T;
  /** Whether there is a value of this flag. */
  hasFlag(flagKey: string): boolean;
  /** The keys of all flags. */
  getAllFlagKeys(): string[];
}

/** What `evaluateAll` gave, as a {@link FlagsState}. */
export function flagsState(
  all: Readonly<Record<string, EvaluationDetails<FlagValue | undefined>>>,
): FlagsState {
  const flags: Record<string, FlagState> = Object.create(null);
  let digest = '';
  for (const [flagKey, details] of Object.entries(all)) {
    digest = details.digest;
    if (details.errorCode === undefined) {
      const { value, variant, reason } = details;
      flags[flagKey] = {
        ...(value === undefined ? {} : { value }),
        ...(variant === undefined ? {} : { variant }),
        reason,
      };
    }
  }
  return { version: 1, digest, flags };
}

/**
 * A reader of what `allFlagsState` gave, or of its JSON text.
 *
 * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for anything else
 */
export function readFlagsState(state: FlagsState | string): FlagsStateReader {
  const { digest, flags } = checked(typeof state === 'string' ? parsed(state) : state);
  const at = (flagKey: string): FlagState | undefined =>
    Object.hasOwn(flags, flagKey) ? flags[flagKey] : undefined;
  const numeric = ({ value, variant }: FlagState): unknown =>
    typeof value === 'string' && value === variant && value.trim() !== '' ? Number(value) : value;
  return {
    digest,
    getBooleanValue(flagKey, defaultValue) {
      const value = at(flagKey)?.value;
      return typeof value === 'boolean' ? value : defaultValue;
    },
    getStringValue: (flagKey, defaultValue) => at(flagKey)?.variant ?? defaultValue,
    getNumberValue(flagKey, defaultValue) {
      const flag = at(flagKey);
      const value = flag && numeric(flag);
      return typeof value === 'number' && Number.isFinite(value) ? value : defaultValue;
    },
    getObjectValue<T extends object>(flagKey: string, defaultValue: T) {
      const value = at(flagKey)?.value;
      return typeof value === 'object' && value !== null ? (value as T) : defaultValue;
    },
    hasFlag: (flagKey) => at(flagKey) !== undefined,
    getAllFlagKeys: () => Object.keys(flags),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function checked(state: unknown): FlagsState {
  const { version, digest, flags } = (state ?? {}) as Record<string, unknown>;
  if (version !== 1 || typeof digest !== 'string' || typeof flags !== 'object' || flags === null) {
    throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
      field: 'state',
      received: describe(state),
      allowed: 'what allFlagsState returned, or its JSON text',
    });
  }
  return state as FlagsState;
}
