import { isPresent, unusable } from './arguments.js';
import { Batch } from './batch.js';
import { Clock } from './clock.js';
import { readAll } from './context.js';
import { createError, fromNative, unwrap } from './errors.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  VariantEvaluationResponse,
} from './evaluation.js';
import { Frame, Status, statusError } from './frame.js';
import type { NativeAnswer, NativeClient, NativeOutcome } from './native.js';
import { counters, isForcedSlow } from './path.js';
import { type Plan, Plans, segmentKeys } from './plan.js';

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
  /** The values of the evaluation that is going on. */
  readonly #values: unknown[] = [];
  /** A context is being read, and its getters may evaluate: those evaluations take the slow path. */
  #reading = false;
  #answered: NativeOutcome | undefined;

  /** `warn` is told about items of batches that cannot be used. */
  constructor(native: NativeClient, warn: (message: string) => void) {
    this.#native = native;
    this.#plans = new Plans(native);
    this.#frame = new Frame(native);
    this.#batch = new Batch(native, this.#plans, this.#clock, warn);
  }

  boolean(flagKey: string, entityId: string, context: unknown): BooleanEvaluationResponse {
    const plan = this.#planned(flagKey, entityId, context, 'boolean');
    const slot = this.#ask(plan, entityId, context);
    if (slot < 0) {
      const answer = this.#slow('boolean', flagKey, entityId, context);
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
    const outcome = this.#answered as NativeOutcome;
    return {
      enabled: outcome.on,
      flagKey: plan.flagKey,
      reason: outcome.reason,
      requestDurationMillis: frame.duration(slot),
      timestamp: this.#clock.iso(frame.tick()),
      segmentKeys: segmentKeys(outcome, frame.segments(slot)),
    };
  }

  variant(flagKey: string, entityId: string, context: unknown): VariantEvaluationResponse {
    const plan = this.#planned(flagKey, entityId, context, 'variant');
    const slot = this.#ask(plan, entityId, context);
    if (slot < 0) {
      const answer = this.#slow('variant', flagKey, entityId, context);
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
    const outcome = this.#answered as NativeOutcome;
    return {
      match: outcome.on,
      segmentKeys: segmentKeys(outcome, frame.segments(slot)),
      reason: outcome.reason,
      flagKey: plan.flagKey,
      variantKey: outcome.variantKey,
      variantAttachment: outcome.variantAttachment,
      requestDurationMillis: frame.duration(slot),
      timestamp: this.#clock.iso(frame.tick()),
    };
  }

  batch(requests: unknown): BatchEvaluationResponse {
    return this.#batch.evaluate(requests);
  }

  /** The plan of a flag of the wanted kind. Arguments are checked first, in the order of the published client. */
  #planned(flagKey: string, entityId: string, context: unknown, kind: Kind): Plan {
    const plan = this.#plans.get(flagKey);
    if (plan !== undefined && plan.kind === kind && isPresent(entityId)) {
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

  /** Answers through the frame and returns where the answer stands, or -1 when it takes the slow path. */
  #ask(first: Plan, entityId: string, context: unknown): number {
    const frame = this.#frame;
    let plan = first;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.#reading || !plan.fits || isForcedSlow()) {
        return -1;
      }
      const values = this.#read(plan, entityId, context);
      frame.begin(1, plan.keyCount);
      const slot = frame.add(plan, entityId, values, 0);
      if (slot < 0) {
        return -1;
      }
      const status = frame.ask(plan, 1);
      if (status === Status.Answered) {
        counters.fast++;
        this.#answered = plan.outcomes[frame.outcome(slot)];
        return slot;
      }
      if (status !== Status.Stale) {
        throw statusError(status);
      }
      counters.stale++;
      this.#plans.clear();
      plan = this.#fetched(plan.flagKey, plan.kind as Kind);
    }
    return -1;
  }

  #read(plan: Plan, entityId: string, context: unknown): readonly unknown[] {
    const values = this.#values;
    for (let index = 0; index < plan.keyCount; index++) {
      values[index] = undefined;
    }
    this.#reading = true;
    try {
      plan.keys.read(context, values, 0);
    } catch (cause) {
      throw unusable(plan.flagKey, entityId, context, cause);
    } finally {
      this.#reading = false;
    }
    return values;
  }

  #slow(kind: Kind, flagKey: string, entityId: string, context: unknown): NativeAnswer {
    counters.slow++;
    let pairs: { keys: string[]; values: string[] };
    try {
      pairs = readAll(context);
    } catch (cause) {
      throw unusable(flagKey, entityId, context, cause);
    }
    return unwrap(this.#native.evaluate(kind, { flagKey, entityId, ...pairs }));
  }
}
