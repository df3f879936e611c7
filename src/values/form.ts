import type { Outcome } from '../outcome.js';
import { MALFORMED } from './attachments.js';
import type { EvaluationDetails, FlagValue } from './details.js';
import { Failure } from './failure.js';
import { ABSENT, anyValue, kindOf, type Reading } from './reading.js';
import type { Resolver } from './resolver.js';

/** What somebody makes of answers in place of details. */
export interface Form<R> {
  /** Of a value, and of the answer that it was read from; `resolver` can be asked about that answer. */
  answered(value: unknown, outcome: Outcome, resolver: Resolver): R;
  /** Of the default, why it is returned, and the flag state in force. */
  failed(value: unknown, failure: Failure, state: { digest: string; stale: boolean }): R;
}

/** Details, and what a form makes of the same answer: for those who are told of evaluations. */
export function withDetails<R>(
  asked: unknown,
  form: Form<R>,
): Form<{ details: EvaluationDetails<unknown>; formed: R }> {
  const flagKey = typeof asked === 'string' ? asked : '';
  return {
    answered(value, outcome, resolver) {
      const { digest, isStale } = resolver;
      const segmentKeys = resolver.segmentKeys(outcome);
      const details = answered(flagKey, value, outcome, segmentKeys, digest, isStale);
      return { details, formed: form.answered(value, outcome, resolver) };
    },
    failed(value, failure, state) {
      const details = failed(flagKey, value, failure, state.digest, state.stale);
      return { details, formed: form.failed(value, failure, state) };
    },
  };
}

/** What an outcome is worth where no type is wanted; `undefined` without a variant. */
export function worth(outcome: Outcome): FlagValue | undefined {
  const value = anyValue(outcome);
  return value === ABSENT ? undefined : (value as FlagValue);
}

/** Why an outcome has no value of the wanted type. */
export function unfit(flagKey: string, reading: Reading, read: unknown): Failure {
  return read === MALFORMED
    ? new Failure('PARSE_ERROR', `the attachment of the variant that ${flagKey} chose is not JSON`)
    : new Failure('TYPE_MISMATCH', `${flagKey} has no ${kindOf(reading)} value`);
}

/** The details of a value. */
export function answered<T>(
  flagKey: string,
  value: T,
  outcome: Outcome,
  segmentKeys: string[],
  digest: string,
  stale: boolean,
): EvaluationDetails<T> {
  const { variantKey: variant, ruleId, why: reason } = outcome;
  if (ruleId === undefined) {
    return variant === ''
      ? { flagKey, value, reason, segmentKeys, digest, stale }
      : { flagKey, value, variant, reason, segmentKeys, digest, stale };
  }
  return variant === ''
    ? { flagKey, value, reason, segmentKeys, ruleId, digest, stale }
    : { flagKey, value, variant, reason, segmentKeys, ruleId, digest, stale };
}

/** The details of a default. */
export function failed<T>(
  flagKey: string,
  value: T,
  { code: errorCode, message: errorMessage }: Failure,
  digest: string,
  stale: boolean,
): EvaluationDetails<T> {
  return {
    flagKey,
    value,
    reason: 'ERROR',
    errorCode,
    errorMessage,
    segmentKeys: [],
    digest,
    stale,
  };
}
