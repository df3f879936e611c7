import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  EvaluationResponse,
  VariantEvaluationResponse,
} from '../evaluation.js';
import { Evaluator } from '../evaluator.js';
import type { Explanation } from '../explain.js';
import type { ContextScope } from '../values/context-scope.js';
import type { EvaluationDetails, FlagValue } from '../values/details.js';
import { type Form, withDetails } from '../values/form.js';
import type { Observers } from '../values/observation.js';
import type { Reading } from '../values/reading.js';
import type { Selection } from '../values/selection.js';
import type { Widened } from '../values/types.js';
import { Valuation } from '../values/valuation.js';
import type { Recorder } from './recorder.js';
import type { World } from './world.js';

/** Values of the flags that hold where they are asked for; each is recorded. */
export class RecordingValuation extends Valuation {
  readonly #current: () => World;
  readonly #recorder: Recorder;

  constructor(world: World, observers: Observers, current: () => World, recorder: Recorder) {
    super(world.native, world.resolver, observers);
    this.#current = current;
    this.#recorder = recorder;
  }

  override value<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): T {
    return this.details(flagKey, defaultValue, scope, context, reading).value;
  }

  override details<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
    reading: Reading | undefined,
  ): EvaluationDetails<T> {
    const { valuation } = this.#current();
    const details = valuation.details(flagKey, defaultValue, scope, context, reading);
    return this.#recorded(details, scope, context, defaultValue);
  }

  override formed<R>(
    flagKey: string,
    defaultValue: unknown,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
    form: Form<R>,
  ): R {
    const { valuation } = this.#current();
    const both = withDetails(flagKey, form);
    const { details, formed } = valuation.formed(
      flagKey,
      defaultValue,
      scope,
      context,
      reading,
      both,
    );
    this.#recorded(details, scope, context, defaultValue);
    return formed;
  }

  override quietly(
    flagKey: string,
    scope: ContextScope,
    context: unknown,
    reading: Reading,
  ): EvaluationDetails<FlagValue | undefined> {
    const details = this.#current().valuation.quietly(flagKey, scope, context, reading);
    return this.#recorded(details, scope, context, undefined);
  }

  override variation<T>(
    flagKey: string,
    defaultValue: T,
    scope: ContextScope,
    context: unknown,
  ): EvaluationDetails<Widened<T>> {
    const details = this.#current().valuation.variation(flagKey, defaultValue, scope, context);
    return this.#recorded(details, scope, context, defaultValue);
  }

  override all(
    scope: ContextScope,
    context: unknown,
    selection: Selection | undefined,
  ): Record<string, EvaluationDetails<FlagValue | undefined>> {
    const all = this.#current().valuation.all(scope, context, selection);
    for (const details of Object.values(all)) {
      this.#recorded(details, scope, context, undefined);
    }
    return all;
  }

  override explain(flagKey: unknown, scope: ContextScope, context: unknown): Explanation {
    return this.#current().valuation.explain(flagKey, scope, context);
  }

  override has(flagKey: unknown): boolean {
    return this.#current().valuation.has(flagKey);
  }

  override keys(): string[] {
    return this.#current().valuation.keys();
  }

  #recorded<D extends EvaluationDetails<unknown>>(
    details: D,
    scope: ContextScope,
    context: unknown,
    defaultValue: unknown,
  ): D {
    let known: unknown;
    try {
      known = scope.effective(context);
    } catch {
      // The details say that the context cannot be read.
    }
    this.#recorder.details(details, known, defaultValue);
    return details;
  }
}

/** The raw evaluation of the flags that hold where it is asked for; each answer is recorded. */
export class RecordingEvaluator extends Evaluator {
  readonly #current: () => World;
  readonly #recorder: Recorder;

  constructor(world: World, current: () => World, recorder: Recorder) {
    super(world.native, () => {});
    this.#current = current;
    this.#recorder = recorder;
  }

  override boolean(flagKey: string, entityId: string, context: unknown): BooleanEvaluationResponse {
    const answer = this.#attempt(flagKey, entityId, context, (evaluator) =>
      evaluator.boolean(flagKey, entityId, context),
    );
    const type = 'BOOLEAN_EVALUATION_RESPONSE_TYPE';
    const response = { type, booleanEvaluationResponse: answer };
    this.#recorder.answer(flagKey, entityId, context, response);
    return answer;
  }

  override variant(flagKey: string, entityId: string, context: unknown): VariantEvaluationResponse {
    const answer = this.#attempt(flagKey, entityId, context, (evaluator) =>
      evaluator.variant(flagKey, entityId, context),
    );
    const type = 'VARIANT_EVALUATION_RESPONSE_TYPE';
    const response = { type, variantEvaluationResponse: answer };
    this.#recorder.answer(flagKey, entityId, context, response);
    return answer;
  }

  override batch(requests: unknown): BatchEvaluationResponse {
    const answer = this.#current().evaluator.batch(requests);
    answer.responses.forEach((response: EvaluationResponse, index) => {
      const { flagKey, entityId, context } = (requests as Requests)[index] ?? {};
      this.#recorder.answer(flagKey, entityId, context, response);
    });
    return answer;
  }

  #attempt<T>(
    flagKey: unknown,
    entityId: unknown,
    context: unknown,
    evaluate: (evaluator: Evaluator) => T,
  ): T {
    try {
      return evaluate(this.#current().evaluator);
    } catch (error) {
      this.#recorder.failure(flagKey, entityId, context, error);
      throw error;
    }
  }
}

type Requests = readonly { flagKey?: unknown; entityId?: unknown; context?: unknown }[];
