/**
 * A value of an evaluation context.
 *
 * Numbers, booleans and big integers are compared through their canonical text (`String(value)`); `null` and
 * `undefined` count as absent. Anything else is refused with a `ValidationError` that names the key.
 */
export type ContextValue = string | number | boolean | bigint | null | undefined;

/** What is known about the entity; only own properties are read. */
export type EvaluationContext = Readonly<Record<string, ContextValue>>;

/** A request to evaluate one flag. */
export interface EvaluationRequest {
  /** Key of the flag. Blank text is refused. */
  flagKey: string;
  /** Identifies whom the flag is evaluated for; the same id always lands in the same bucket. Blank text is refused. */
  entityId: string;
  /**
   * What the flag's constraints look at. Default: nothing is known.
   *
   * @example
   * ```ts
   * { plan: 'premium', seats: 12, trial: false }
   * ```
   */
  context?: EvaluationContext | undefined;
}

/** Why an evaluation came out as it did. A server may add reasons. */
export type EvaluationReason =
  | 'MATCH_EVALUATION_REASON'
  | 'DEFAULT_EVALUATION_REASON'
  | 'FLAG_DISABLED_EVALUATION_REASON'
  | 'UNKNOWN_EVALUATION_REASON'
  | (string & {});

/** Why an item of a batch could not be evaluated. */
export type ErrorEvaluationReason =
  | 'NOT_FOUND_ERROR_EVALUATION_REASON'
  | 'UNKNOWN_ERROR_EVALUATION_REASON'
  | (string & {});

/** Kind of an item in a batch's answer. */
export type EvaluationResponseType =
  | 'BOOLEAN_EVALUATION_RESPONSE_TYPE'
  | 'VARIANT_EVALUATION_RESPONSE_TYPE'
  | 'ERROR_EVALUATION_RESPONSE_TYPE'
  | (string & {});

/** Kind of a flag. */
export type FlagType = 'BOOLEAN_FLAG_TYPE' | 'VARIANT_FLAG_TYPE' | (string & {});

/** The answer for a boolean flag. */
export interface BooleanEvaluationResponse {
  /** The value of the flag for this entity. */
  enabled: boolean;
  /** Key of the flag. */
  flagKey: string;
  /** What decided. */
  reason: EvaluationReason;
  /** Time the evaluation took, in milliseconds, with fractions. */
  requestDurationMillis: number;
  /** When the evaluation happened, ISO 8601 in UTC. */
  timestamp: string;
  /** Keys of the segments that matched, in the order in which the flag lists them. */
  segmentKeys: string[];
}

/** The answer for a variant flag. */
export interface VariantEvaluationResponse {
  /** Whether a rule matched and chose a variant. */
  match: boolean;
  /** Keys of the segments that matched, in the order in which the rule lists them. */
  segmentKeys: string[];
  /** What decided. */
  reason: EvaluationReason;
  /** Key of the flag. */
  flagKey: string;
  /** Key of the chosen variant, or of the default one; empty when there is neither. */
  variantKey: string;
  /** JSON text attached to the variant: empty when none was chosen, the text `null` when it has no attachment. */
  variantAttachment: string;
  /** Time the evaluation took, in milliseconds, with fractions. */
  requestDurationMillis: number;
  /** When the evaluation happened, ISO 8601 in UTC. */
  timestamp: string;
}

/** Stands in a batch's answer for a request that could not be evaluated. */
export interface ErrorEvaluationResponse {
  /** The key that was asked for. */
  flagKey: string;
  /** The namespace that was asked. */
  namespaceKey: string;
  /** What was wrong. */
  reason: ErrorEvaluationReason;
}

/** One item of a batch's answer; exactly one of the three responses is present, as `type` says. */
export interface EvaluationResponse {
  /** Which of the responses is present. */
  type: EvaluationResponseType;
  /** Present when `type` is `BOOLEAN_EVALUATION_RESPONSE_TYPE`. */
  booleanEvaluationResponse?: BooleanEvaluationResponse;
  /** Present when `type` is `VARIANT_EVALUATION_RESPONSE_TYPE`. */
  variantEvaluationResponse?: VariantEvaluationResponse;
  /** Present when `type` is `ERROR_EVALUATION_RESPONSE_TYPE`. */
  errorEvaluationResponse?: ErrorEvaluationResponse;
}

/** The answers for several requests, all from the same flag state. */
export interface BatchEvaluationResponse {
  /** One item for each request, in the order of the requests. */
  responses: EvaluationResponse[];
  /** Time the whole batch took, in milliseconds, with fractions. */
  requestDurationMillis: number;
}

/** What a namespace holds under one key. */
export interface Flag {
  /** Unique within the namespace. */
  key: string;
  /** For a variant flag whether it is enabled; for a boolean flag its value when no rollout decides. */
  enabled: boolean;
  /** Kind of the flag. */
  type: FlagType;
  /** What the flag's author wrote about it. */
  description?: string;
}

/** An answer together with whether it could be given. Kept for code that names these types; no call returns them. */
export interface Result<T> {
  /** `success` or `failure`. */
  status: string;
  /** The answer of a success. */
  result?: T;
  /** What went wrong in a failure. */
  errorMessage: string;
}

/** A {@link Result} of a variant evaluation. */
export interface VariantResult extends Result<VariantEvaluationResponse> {}

/** A {@link Result} of a boolean evaluation. */
export interface BooleanResult extends Result<BooleanEvaluationResponse> {}

/** A {@link Result} of a batch evaluation. */
export interface BatchResult extends Result<BatchEvaluationResponse> {}

/** A {@link Result} of listing flags. */
export interface ListFlagsResult extends Result<Flag[]> {}
