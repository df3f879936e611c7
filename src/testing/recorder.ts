import { FliptError } from '../errors.js';
import type { EvaluationResponse } from '../evaluation.js';
import type { EvaluationDetails } from '../values/details.js';
import type { FlagContext } from '../values/flag-context.js';
import type { RecordedEvaluation } from './types.js';

/** Keeps what was evaluated, the newest of it. */
export class Recorder {
  readonly #most: number;
  #records: RecordedEvaluation[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get evaluations(): readonly RecordedEvaluation[] {
    return this.#records.slice(-this.#most || this.#records.length);
  }

  clear(): void {
    this.#records = [];
  }

  details(details: EvaluationDetails<unknown>, context: unknown, defaultValue: unknown): void {
    const { flagKey, value, variant, reason, errorCode } = details;
    this.#add({
      flagKey,
      context: contextOf(context),
      defaultValue,
      value,
      variant,
      reason,
      errorCode,
    });
  }

  /** An answer of the raw evaluation. */
  answer(flagKey: unknown, entityId: unknown, context: unknown, answer: EvaluationResponse): void {
    this.#add({
      ...asked(flagKey, entityId, context),
      ...worth(answer),
    });
  }

  failure(flagKey: unknown, entityId: unknown, context: unknown, error: unknown): void {
    const errorCode = FliptError.is(error) ? error.code : 'GENERAL';
    const outcome = { value: undefined, variant: undefined, reason: 'ERROR', errorCode };
    this.#add({ ...asked(flagKey, entityId, context), ...outcome });
  }

  #add(record: RecordedEvaluation): void {
    if (this.#most === 0) {
      return;
    }
    this.#records.push(Object.freeze(record));
    // In bulk, so that each costs next to nothing.
    if (this.#records.length >= 2 * this.#most) {
      this.#records = this.#records.slice(-this.#most);
    }
  }
}

function asked(flagKey: unknown, entityId: unknown, context: unknown) {
  const known = contextOf(context);
  return {
    flagKey: String(flagKey),
    context: entityId === undefined ? known : contextOf({ ...known, targetingKey: entityId }),
    defaultValue: undefined,
  };
}

function worth(answer: EvaluationResponse) {
  const { booleanEvaluationResponse: boolean, variantEvaluationResponse: variant } = answer;
  if (boolean !== undefined) {
    const { enabled: value, reason } = boolean;
    return { value, variant: undefined, reason, errorCode: undefined };
  }
  if (variant !== undefined) {
    const key = variant.variantKey === '' ? undefined : variant.variantKey;
    return { value: key, variant: key, reason: variant.reason, errorCode: undefined };
  }
  const errorCode = answer.errorEvaluationResponse?.reason;
  return { value: undefined, variant: undefined, reason: 'ERROR', errorCode };
}

/** A copy, for the code under test may go on writing to its own. */
function contextOf(context: unknown): FlagContext {
  try {
    return Object.freeze({ ...(typeof context === 'object' ? context : undefined) });
  } catch {
    return Object.freeze({});
  }
}
