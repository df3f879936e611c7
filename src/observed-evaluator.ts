import { fields } from './batch.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  EvaluationResponse,
  VariantEvaluationResponse,
} from './evaluation.js';
import type { Evaluator } from './evaluator.js';
import type { NativeClient } from './native.js';
import type { EvaluationDetails } from './values/details.js';
import { Failure } from './values/failure.js';
import type { FlagContext } from './values/flag-context.js';
import { failed } from './values/form.js';
import { type Asked, type Observers, seenContext } from './values/observation.js';
import type { Told, Witness } from './witness.js';

type Response = BooleanEvaluationResponse | VariantEvaluationResponse;
type Details = EvaluationDetails<unknown>;

/** What an answer does not say about itself. */
interface Sighting {
  readonly told: Told;
  readonly digest: string;
  readonly stale: boolean;
}

/** A request as it is observed, and as it is evaluated. */
interface SeenRequest {
  readonly asked: Asked;
  readonly request: unknown;
}

/** Evaluates for one client, and tells its observers. */
export class ObservedEvaluator {
  readonly #native: NativeClient;
  readonly #evaluator: Evaluator;
  readonly #observers: Observers;

  constructor(native: NativeClient, evaluator: Evaluator, observers: Observers) {
    this.#native = native;
    this.#evaluator = evaluator;
    this.#observers = observers;
  }

  boolean(flagKey: string, entityId: string, context: unknown): BooleanEvaluationResponse {
    return this.#observers.areOn
      ? this.#observedBoolean(flagKey, entityId, context)
      : this.#evaluator.boolean(flagKey, entityId, context);
  }

  variant(flagKey: string, entityId: string, context: unknown): VariantEvaluationResponse {
    return this.#observers.areOn
      ? this.#observedVariant(flagKey, entityId, context)
      : this.#evaluator.variant(flagKey, entityId, context);
  }

  batch(requests: unknown): BatchEvaluationResponse {
    return this.#observers.areOn && Array.isArray(requests)
      ? this.#observedBatch(requests)
      : this.#evaluator.batch(requests);
  }

  #observedBatch(requests: readonly unknown[]): BatchEvaluationResponse {
    // A list with holes is read as the evaluator reads it.
    const seen = Array.from(requests, seenRequest);
    const asked = seen.map((each) => each.asked);
    const sightings: Sighting[] = [];
    const observed = this.#observers.begin(asked);
    try {
      const answer = this.#evaluator.batch(
        seen.map(({ request }) => request),
        (index, told, digest, stale) => {
          sightings[index] = { told, digest, stale };
        },
      );
      const details = answer.responses.map((item, index) =>
        this.#detailsOf(item, sightings[index]),
      );
      this.#observers.end(observed, details);
      return answer;
    } catch (error) {
      const failure = Failure.of(error);
      this.#observers.end(
        observed,
        asked.map(({ flagKey }) => this.#failed(flagKey, failure)),
      );
      throw error;
    }
  }

  #observedBoolean(flagKey: string, entityId: string, context: unknown) {
    return this.#observed('boolean', flagKey, entityId, context, (evaluated, witness) =>
      this.#evaluator.boolean(flagKey, entityId, evaluated, witness),
    );
  }

  #observedVariant(flagKey: string, entityId: string, context: unknown) {
    return this.#observed('variant', flagKey, entityId, context, (evaluated, witness) =>
      this.#evaluator.variant(flagKey, entityId, evaluated, witness),
    );
  }

  #observed<R extends Response>(
    kind: 'boolean' | 'variant',
    flagKey: string,
    entityId: string,
    context: unknown,
    evaluate: (context: unknown, witness: Witness) => R,
  ): R {
    const { evaluated, shown } = seenContext(context);
    const asked = { flagKey, kind, defaultValue: undefined, context: named(shown, entityId) };
    const observed = this.#observers.begin([asked]);
    let sighting: Sighting | undefined;
    try {
      const answer = evaluate(evaluated, (_, told, digest, stale) => {
        sighting = { told, digest, stale };
      });
      this.#observers.end(observed, [detailsOf(answer, sighting)]);
      return answer;
    } catch (error) {
      this.#observers.end(observed, [this.#failed(flagKey, Failure.of(error))]);
      throw error;
    }
  }

  #detailsOf(item: EvaluationResponse, sighting: Sighting | undefined): Details {
    const answer = item.booleanEvaluationResponse ?? item.variantEvaluationResponse;
    if (answer !== undefined) {
      return detailsOf(answer, sighting);
    }
    const { flagKey, reason } = item.errorEvaluationResponse ?? {};
    return this.#failed(
      flagKey,
      reason === 'NOT_FOUND_ERROR_EVALUATION_REASON'
        ? new Failure('FLAG_NOT_FOUND', `there is no flag ${flagKey}`)
        : new Failure('GENERAL', 'the request cannot be answered'),
    );
  }

  #failed(flagKey: unknown, failure: Failure): Details {
    const { digest = '', stale } = this.#native.status();
    return failed(typeof flagKey === 'string' ? flagKey : '', undefined, failure, digest, stale);
  }
}

function detailsOf(answer: Response, sighting: Sighting | undefined): Details {
  const { told, digest = '', stale = false } = sighting ?? {};
  const { flagKey, segmentKeys } = answer;
  return {
    flagKey,
    value: 'enabled' in answer ? answer.enabled : answer.variantKey,
    ...(told?.variantKey ? { variant: told.variantKey } : {}),
    reason: told?.why as Details['reason'],
    segmentKeys,
    ...(told?.ruleId === undefined ? {} : { ruleId: told.ruleId }),
    digest,
    stale,
  };
}

/** A request of a batch. */
function seenRequest(request: unknown): SeenRequest {
  const { flagKey, entityId, context } = fields(request);
  const { evaluated, shown } = seenContext(context);
  return {
    asked: { flagKey, kind: 'any', defaultValue: undefined, context: named(shown, entityId) },
    request: { flagKey, entityId, context: evaluated },
  };
}

/** A request's context with whom it is evaluated for. */
function named(context: FlagContext, entityId: unknown): FlagContext {
  return typeof entityId === 'string'
    ? Object.freeze({ ...context, targetingKey: entityId })
    : context;
}
