/** Why a flag has its value. */
export type DetailsReason =
  /** A rule or a segment's rollout applied to the entity. */
  | 'TARGETING_MATCH'
  /** The entity's place in a split decided. */
  | 'SPLIT'
  /** Nothing applied, or what applied gives no variant. */
  | 'DEFAULT'
  /** The flag has no rules and no rollouts: everybody gets the same. */
  | 'STATIC'
  /** The flag is disabled. */
  | 'DISABLED'
  /** The default was returned because of an error. */
  | 'ERROR';

/** What kept a flag from being evaluated: the codes of OpenFeature, and `CLIENT_CLOSED`. */
export type DetailsErrorCode =
  /** No flag state has been loaded yet. */
  | 'PROVIDER_NOT_READY'
  /** There is no such flag. */
  | 'FLAG_NOT_FOUND'
  /** The flag's definition or attachment cannot be read. */
  | 'PARSE_ERROR'
  /** The flag does not have a value of the wanted type. */
  | 'TYPE_MISMATCH'
  /** The flag splits or looks at the entity's id, and the context names no entity. */
  | 'TARGETING_KEY_MISSING'
  /** The context is not an object, or could not be read. */
  | 'INVALID_CONTEXT'
  /** The arguments cannot be used, or something else went wrong. */
  | 'GENERAL'
  /** The client was closed. */
  | 'CLIENT_CLOSED';

/** What a flag can be worth: a boolean flag's state, or what a variant stands for. */
export type FlagValue = boolean | string | number | object;

/** A value and how it came about. */
export interface EvaluationDetails<T> {
  /** The key that was asked for. */
  flagKey: string;
  /** The flag's value, or the default. */
  value: T;
  /** Key of the variant behind the value; left out for boolean flags, and where none was chosen. */
  variant?: string;
  /** Why the flag has this value. */
  reason: DetailsReason;
  /** What went wrong; present exactly when `reason` is `ERROR`. */
  errorCode?: DetailsErrorCode;
  /** The same in words. */
  errorMessage?: string;
  /** Keys of the segments that matched, in the order in which the flag lists them. */
  segmentKeys: string[];
  /**
   * The rule or rollout that decided, by its place in the flag: `<flagKey>#rule-2`, `<flagKey>#rollout-1`. It stays the
   * same when the server restarts, unlike the ids that servers give out.
   */
  ruleId?: string;
  /** Digest of the flag state that answered; empty where there is none. */
  digest: string;
  /** Whether that flag state counts as stale. */
  stale: boolean;
}

/** The value of a detailed evaluation as text: a text as it is, everything else as JSON. */
export function getValueAsString(details: { readonly value: unknown }): string {
  const { value } = details;
  if (typeof value === 'string') {
    return value;
  }
  return value === undefined ? '' : (JSON.stringify(value) ?? String(value));
}
