import { unwrap } from '../errors.js';
import type { Explanation } from '../explain.js';
import type { NativeClient } from '../native.js';
import type { Outcome } from '../outcome.js';
import { MALFORMED } from './attachments.js';
import type { ContextScope } from './context-scope.js';
import type { EvaluationDetails, FlagValue } from './details.js';
import { Failure } from './failure.js';
import { ABSENT, anyValue, MISMATCH, nameOfReading, type Reading, readingFor } from './reading.js';
import type { Resolver } from './resolver.js';
import type { Selection } from './selection.js';
import type { Widened } from './types.js';

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

/** Turns what the resolver finds into values and details, and whatever goes wrong into defaults. */
export class Valuation {
  readonly #native: NativeClient;
  readonly #resolver: Resolver;

  constructor(native: NativeClient, resolver: Resolver) {
    this.#native = native;
    this.#resolver = resolver;
  }

  value<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): T {
    let failure: Failure;
    try {
      const asked = this.#resolver.ask(flagKey, scope.effective(context), reading);
      if (asked instanceof Failure) {
        failure = asked;
      } else {
        const value = reading(asked);
        if (typeof value !== 'symbol') {
          return value as T;
        }
        if (value === ABSENT) {
          return defaultValue;
        }
        failure = unfit(flagKey, reading, value);
      }
    } catch (error) {
      failure = Failure.of(error);
    }
    this.#complain(flagKey, failure);
    return defaultValue;
  }

  details<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): EvaluationDetails<T> {
    const details = this.#details(flagKey, defaultValue, scope, context, reading);
    if (details.errorCode !== undefined) {
      this.#complain(flagKey, new Failure(details.errorCode, details.errorMessage ?? ''));
    }
    return details;
  }

  /** As `details`, in another form. */
  formed<R>(
    flagKey: string,
    defaultValue: unknown,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
    form: Form<R>,
  ): R {
    const resolver = this.#resolver;
    let failure: Failure;
    try {
      const asked = resolver.ask(flagKey, scope.effective(context), reading);
      if (asked instanceof Failure) {
        failure = asked;
      } else {
        const read = reading(asked);
        if (read !== MISMATCH && read !== MALFORMED) {
          return form.answered(read === ABSENT ? defaultValue : read, asked, resolver);
        }
        failure = unfit(flagKey, reading, read);
      }
    } catch (error) {
      failure = Failure.of(error);
    }
    this.#complain(flagKey, failure);
    return form.failed(defaultValue, failure, resolver.state());
  }

  /** As `details` without a default, and without a line in the log. */
  quietly(
    flagKey: string,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): EvaluationDetails<FlagValue | undefined> {
    return this.#details<FlagValue | undefined>(flagKey, undefined, scope, context, reading);
  }

  /** As `details`, with the reading that the default asks for. */
  variation<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
  ): EvaluationDetails<Widened<T>> {
    const reading = readingFor(defaultValue);
    const fallback = defaultValue as Widened<T>;
    if (reading === undefined) {
      const failure = new Failure(
        'GENERAL',
        `defaultValue: received a ${typeof defaultValue}, allowed is a boolean, text, a number, an object, null or undefined`,
      );
      this.#complain(flagKey, failure);
      return this.#failed(flagKey, fallback, failure);
    }
    return this.details(flagKey, fallback, scope, context, reading);
  }

  all(
    scope: ContextScope,
    context: unknown,
    selection: Selection | undefined,
  ): Record<string, EvaluationDetails<FlagValue | undefined>> {
    const all: Record<string, EvaluationDetails<FlagValue | undefined>> = Object.create(null);
    try {
      const answers = this.#resolver.askAll(scope.effective(context), selection ?? {});
      if (answers instanceof Failure) {
        this.#resolver.complaints.once(
          `all ${answers.code}`,
          () => `${answers.message}; no flags are evaluated`,
        );
        return all;
      }
      const { digest, stale } = answers;
      for (const { flagKey, outcome, segmentKeys } of answers.items) {
        all[flagKey] =
          outcome instanceof Failure
            ? failed(flagKey, undefined, outcome, digest, stale)
            : answered(flagKey, worth(outcome), outcome, segmentKeys, digest, stale);
      }
    } catch (error) {
      const { message } = Failure.of(error);
      this.#resolver.complaints.once(`all ${message}`, () => `${message}; no flags are evaluated`);
    }
    return all;
  }

  explain(flagKey: unknown, scope: ContextScope, context: unknown): Explanation {
    return this.#resolver.explain(flagKey, () => scope.effective(context));
  }

  has(flagKey: unknown): boolean {
    try {
      const { code } = unwrap(this.#native.plan(String(flagKey))).error ?? {};
      return typeof flagKey === 'string' && code !== 'FLIPT_FLAG_NOT_FOUND';
    } catch {
      return false;
    }
  }

  keys(): string[] {
    try {
      return [...new Set(unwrap(this.#native.listFlags()).map((flag) => flag.key))];
    } catch {
      return [];
    }
  }

  #details<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): EvaluationDetails<T> {
    const resolver = this.#resolver;
    try {
      const asked = resolver.ask(flagKey, scope.effective(context), reading);
      if (asked instanceof Failure) {
        return this.#failed(flagKey, defaultValue, asked);
      }
      const read = reading(asked);
      if (read === MISMATCH || read === MALFORMED) {
        return this.#failed(flagKey, defaultValue, unfit(flagKey, reading, read));
      }
      const value = (read === ABSENT ? defaultValue : read) as T;
      const { digest, isStale } = resolver;
      return answered(flagKey, value, asked, resolver.segmentKeys(asked), digest, isStale);
    } catch (error) {
      return this.#failed(flagKey, defaultValue, Failure.of(error));
    }
  }

  #failed<T>(flagKey: unknown, value: T, failure: Failure): EvaluationDetails<T> {
    const { digest, stale } = this.#resolver.state();
    return failed(typeof flagKey === 'string' ? flagKey : '', value, failure, digest, stale);
  }

  #complain(flagKey: unknown, failure: Failure): void {
    this.#resolver.complaints.tell(typeof flagKey === 'string' ? flagKey : '', failure);
  }
}

function worth(outcome: Outcome): FlagValue | undefined {
  const value = anyValue(outcome);
  return value === ABSENT ? undefined : (value as FlagValue);
}

function unfit(flagKey: string, reading: Reading, read: unknown): Failure {
  return read === MALFORMED
    ? new Failure('PARSE_ERROR', `the attachment of the variant that ${flagKey} chose is not JSON`)
    : new Failure('TYPE_MISMATCH', `${flagKey} has no ${nameOfReading(reading)} value`);
}

function answered<T>(
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

function failed<T>(
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
