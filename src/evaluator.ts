import { beginsVisibly, isPresent, unusable } from './arguments.js';
import { Batch } from './batch.js';
import { Clock } from './clock.js';
import { readAll } from './context.js';
import { createError, fromNative, unwrap } from './errors.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  VariantEvaluationResponse,
} from './evaluation.js';
import { FIRST, Frame, Status, statusError } from './frame.js';
import type { NativeAnswer, NativeClient } from './native.js';
import type { Outcome } from './outcome.js';
import { counters, isForcedSlow } from './path.js';
import { type Plan, Plans, segmentKeys } from './plan.js';
import type { Complaints } from './values/failure.js';
import { Resolver } from './values/resolver.js';
import type { Witness } from './witness.js';

type Kind = 'boolean' | 'variant';

/** Under a change of flag state the second attempt has a fresh plan; a third would only meet another change. */
const ATTEMPTS = 2;

/**
 * Evaluates for one client.
 *
 * The fast path writes the question into a frame that the addon answers in place. Whatever does not fit there takes
 * the slow path, which gives the same answers through objects.
 */
export class Evaluator {
  readonly #native: NativeClient;
  readonly #plans: Plans;
  readonly #clock = new Clock();
  readonly #frame: Frame;
  readonly #batch: Batch;

  /** `warn` is told about items of batches that cannot be used. */
  constructor(native: NativeClient, warn: (message: string) => void) {
    this.#native = native;
    this.#plans = new Plans(native);
    this.#frame = new Frame(native);
    this.#batch = new Batch(native, this.#plans, this.#clock, warn);
  }

  /** Finds out what flags are worth, with the same plans and frame. */
  resolver(complaints: Complaints): Resolver {
    return new Resolver(this.#native, this.#plans, this.#frame, complaints);
  }

  boolean(
    flagKey: string,
    entityId: string,
    context: unknown,
    witness?: Witness,
  ): BooleanEvaluationResponse {
    const plan = this.#planned(flagKey, entityId, context, 'boolean');
    const outcome = this.#ask(plan, entityId, context);
    if (outcome === undefined) {
      const answer = this.#slow('boolean', flagKey, entityId, context, witness);
      return {
        enabled: answer.on,
        flagKey,
        reason: answer.reason,
        requestDurationMillis: answer.durationNanos / 1e6,
        timestamp: new Date().toISOString(),
        segmentKeys: answer.segmentKeys,
      };
    }
    const frame = this.#frame;
    witness?.(0, outcome, plan.digest, frame.isStale());
    return {
      enabled: outcome.on,
      flagKey: plan.flagKey,
      reason: outcome.reason,
      requestDurationMillis: frame.duration(FIRST),
      timestamp: this.#clock.iso(frame.tick()),
      segmentKeys: segmentKeys(outcome, frame.segments(FIRST)),
    };
  }

  variant(
    flagKey: string,
    entityId: string,
    context: unknown,
    witness?: Witness,
  ): VariantEvaluationResponse {
    const plan = this.#planned(flagKey, entityId, context, 'variant');
    const outcome = this.#ask(plan, entityId, context);
    if (outcome === undefined) {
      const answer = this.#slow('variant', flagKey, entityId, context, witness);
      return {
        match: answer.on,
        segmentKeys: answer.segmentKeys,
        reason: answer.reason,
        flagKey,
        variantKey: answer.variantKey,
        variantAttachment: answer.variantAttachment,
        requestDurationMillis: answer.durationNanos / 1e6,
        timestamp: new Date().toISOString(),
      };
    }
    const frame = this.#frame;
    witness?.(0, outcome, plan.digest, frame.isStale());
    return {
      match: outcome.on,
      segmentKeys: segmentKeys(outcome, frame.segments(FIRST)),
      reason: outcome.reason,
      flagKey: plan.flagKey,
      variantKey: outcome.variantKey,
      variantAttachment: outcome.variantAttachment,
      requestDurationMillis: frame.duration(FIRST),
      timestamp: this.#clock.iso(frame.tick()),
    };
  }

  batch(requests: unknown, witness?: Witness): BatchEvaluationResponse {
    return this.#batch.evaluate(requests, witness);
  }

  /** The plan of a flag of the wanted kind. Arguments are checked first, in the order of the published client. */
  #planned(flagKey: string, entityId: string, context: unknown, kind: Kind): Plan {
    const plan = this.#plans.get(flagKey);
    if (
      plan !== undefined &&
      plan.kind === kind &&
      (beginsVisibly(entityId) || isPresent(entityId))
    ) {
      return plan;
    }
    if (!isPresent(flagKey) || !isPresent(entityId)) {
      throw unusable(flagKey, entityId, context);
    }
    return this.#fetched(flagKey, kind);
  }

  #fetched(flagKey: string, kind: Kind): Plan {
    const plan = this.#plans.fetch(flagKey);
    if (plan.error !== undefined) {
      throw fromNative(plan.error);
    }
    if (plan.kind !== kind) {
      throw createError(`invalid request: ${flagKey} is not a ${kind} flag`, {
        code: 'FLIPT_FLAG_TYPE_MISMATCH',
      });
    }
    return plan;
  }

  /**
   * Answers through the frame, where the answer then stands, and returns its outcome; nothing when the slow path has to
   * answer.
   */
  #ask(first: Plan, entityId: string, context: unknown): Outcome | undefined {
    let plan = first;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const frame = this.#frame;
      if (!plan.fits || isForcedSlow() || !frame.hold(plan, entityId, context)) {
        return undefined;
      }
      const status = frame.ask(plan, 1);
      if (status === Status.Answered) {
        counters.fast++;
        return plan.outcomes[frame.outcome(FIRST)];
      }
      if (status !== Status.Stale) {
        throw statusError(status);
      }
      counters.stale++;
      this.#plans.clear();
      plan = this.#fetched(plan.flagKey, plan.kind as Kind);
    }
    return undefined;
  }

  #slow(
    kind: Kind,
    flagKey: string,
    entityId: string,
    context: unknown,
    witness: Witness | undefined,
  ): NativeAnswer {
    counters.slow++;
    let pairs: { keys: string[]; values: string[] };
    try {
      pairs = readAll(context);
    } catch (cause) {
      throw unusable(flagKey, entityId, context, cause);
    }
    const answer = unwrap(this.#native.evaluate(kind, { flagKey, entityId, ...pairs }));
    if (witness !== undefined) {
      const { digest = '', stale } = this.#native.status();
      witness(0, answer, digest, stale);
    }
    return answer;
  }
}
