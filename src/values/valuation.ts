import { unwrap } from '../errors.js';
import type { Explanation } from '../explain.js';
import type { NativeClient } from '../native.js';
import { MALFORMED } from './attachments.js';
import { ContextScope } from './context-scope.js';
import type { EvaluationDetails, FlagValue } from './details.js';
import { Failure } from './failure.js';
import { answered, type Form, failed, unfit, withDetails, worth } from './form.js';
import { type Asked, type Observers, seenContext } from './observation.js';
import { ABSENT, kindOf, MISMATCH, type Reading, readingFor } from './reading.js';
import type { Resolver } from './resolver.js';
import { type Selection, selected } from './selection.js';
import type { Widened } from './types.js';

/** All flags of a selection, by key. */
export type AllDetails = Record<string, EvaluationDetails<FlagValue | undefined>>;

/** For contexts that were merged already. */
const NO_SCOPE = new ContextScope();

/** Turns what the resolver finds into values and details, and whatever goes wrong into defaults. */
export class Valuation {
  readonly #native: NativeClient;
  readonly #resolver: Resolver;
  readonly #observers: Observers;

  constructor(native: NativeClient, resolver: Resolver, observers: Observers) {
    this.#native = native;
    this.#resolver = resolver;
    this.#observers = observers;
  }

  value<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): T {
    if (this.#observers.areOn) {
      return this.details(flagKey, defaultValue, scope, context, reading).value;
    }
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
    reading: Reading | undefined,
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
    if (!this.#observers.areOn) {
      return this.#formed(flagKey, defaultValue, scope, context, reading, form);
    }
    const both = withDetails(flagKey, form);
    return this.#observed(
      { flagKey, kind: kindOf(reading), defaultValue },
      scope,
      context,
      (seenScope, seen) => this.#formed(flagKey, defaultValue, seenScope, seen, reading, both),
      ({ details }) => details,
    ).formed;
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
    const fallback = defaultValue as Widened<T>;
    return this.details(flagKey, fallback, scope, context, readingFor(defaultValue));
  }

  all(scope: ContextScope, context: unknown, selection: Selection | undefined): AllDetails {
    if (!this.#observers.areOn) {
      return this.#all(scope, context, selection);
    }
    const seen = this.#seen(scope, context);
    const flagKeys = this.#keysOf(selection);
    const observed = this.#observers.begin(
      flagKeys.map((flagKey) => ({
        flagKey,
        kind: 'any',
        defaultValue: undefined,
        context: seen.shown,
      })),
    );
    const all = this.#all(seen.scope, seen.context, selection);
    this.#observers.end(
      observed,
      flagKeys.map((flagKey) => all[flagKey] ?? this.#failed(flagKey, undefined, gone(flagKey))),
    );
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
    reading: Reading | undefined,
  ): EvaluationDetails<T> {
    if (!this.#observers.areOn) {
      return this.#evaluated(flagKey, defaultValue, scope, context, reading);
    }
    return this.#observed(
      { flagKey, kind: kindOf(reading), defaultValue },
      scope,
      context,
      (seenScope, seen) => this.#evaluated(flagKey, defaultValue, seenScope, seen, reading),
      (details) => details,
    );
  }

  /** Makes one evaluation between what observers are told before it and after it. */
  #observed<R>(
    asked: Omit<Asked, 'context'>,
    scope: ContextScope,
    context: unknown,
    evaluate: (scope: ContextScope, context: unknown) => R,
    detailsOf: (result: R) => EvaluationDetails<unknown>,
  ): R {
    const seen = this.#seen(scope, context);
    const observed = this.#observers.begin([{ ...asked, context: seen.shown }]);
    const result = evaluate(seen.scope, seen.context);
    this.#observers.end(observed, [detailsOf(result)]);
    return result;
  }

  #evaluated<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading | undefined,
  ): EvaluationDetails<T> {
    if (reading === undefined) {
      return this.#failed(flagKey, defaultValue, unreadable(defaultValue));
    }
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

  #formed<R>(
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

  #all(scope: ContextScope, context: unknown, selection: Selection | undefined): AllDetails {
    // Filled more quickly than what `Object.create` makes.
    const all = { __proto__: null } as unknown as AllDetails;
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
      answers.each((flagKey, outcome, segmentKeys) => {
        all[flagKey] =
          outcome instanceof Failure
            ? failed(flagKey, undefined, outcome, digest, stale)
            : answered(flagKey, worth(outcome), outcome, segmentKeys, digest, stale);
      });
    } catch (error) {
      const { message } = Failure.of(error);
      this.#resolver.complaints.once(`all ${message}`, () => `${message}; no flags are evaluated`);
    }
    return all;
  }

  /** What an observed evaluation is made with, and what observers see of it. */
  #seen(scope: ContextScope, context: unknown) {
    try {
      const { evaluated, shown } = seenContext(scope.effective(context));
      return { scope: NO_SCOPE, context: evaluated, shown };
    } catch {
      return { scope, context, shown: seenContext(undefined).shown };
    }
  }

  #keysOf(selection: Selection | undefined): string[] {
    try {
      return this.keys().filter(selected(selection ?? {}));
    } catch {
      return [];
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

function unreadable(defaultValue: unknown): Failure {
  return new Failure(
    'GENERAL',
    `defaultValue: received a ${typeof defaultValue}, allowed is a boolean, text, a number, an object, null or undefined`,
  );
}

function gone(flagKey: string): Failure {
  return new Failure('FLAG_NOT_FOUND', `${flagKey} was removed meanwhile`);
}
