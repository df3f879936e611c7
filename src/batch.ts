import { itemProblems } from './arguments.js';
import type { Clock } from './clock.js';
import { KeyPositions, readAll } from './context.js';
import { describe } from './encode.js';
import { describeProblem, invalidArgument, unwrap } from './errors.js';
import type { BatchEvaluationResponse, EvaluationResponse } from './evaluation.js';
import { Frame, Status, statusError } from './frame.js';
import type { NativeAnswer, NativeClient, NativeOutcome, NativeRequest } from './native.js';
import { counters, isForcedSlow } from './path.js';
import { type Plan, type Plans, segmentKeys } from './plan.js';

const ATTEMPTS = 2;
const NOT_FOUND = 'NOT_FOUND_ERROR_EVALUATION_REASON';
const UNKNOWN = 'UNKNOWN_ERROR_EVALUATION_REASON';

/** The requests as the frame takes them: side by side, an item that cannot be asked about without a plan. */
interface Reading {
  readonly plans: (Plan | undefined)[];
  readonly entityIds: string[];
  readonly values: unknown[];
  readonly warnings: string[];
}

const NO_KEYS = new KeyPositions([]);
const NOTHING = {};

/** Evaluates batches: one crossing of the border and one state of the flags for all items. */
export class Batch {
  readonly #native: NativeClient;
  readonly #plans: Plans;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #frame: Frame | undefined;

  constructor(native: NativeClient, plans: Plans, clock: Clock, warn: (message: string) => void) {
    this.#native = native;
    this.#plans = plans;
    this.#clock = clock;
    this.#warn = warn;
  }

  evaluate(requests: unknown): BatchEvaluationResponse {
    if (!Array.isArray(requests)) {
      const received = describe(requests);
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: 'requests',
        received,
        allowed: 'an array of requests',
      });
    }
    return this.#fast(requests) ?? this.#slow(requests);
  }

  #fast(requests: readonly unknown[]): BatchEvaluationResponse | undefined {
    for (let attempt = 0; attempt < ATTEMPTS && !isForcedSlow(); attempt++) {
      const reading = this.#read(requests);
      const first = oneGeneration(reading.plans);
      if (first === undefined) {
        return undefined;
      }
      if (first !== 'mixed') {
        const slots = this.#fill(reading);
        if (slots === undefined) {
          return undefined;
        }
        const frame = this.#frame as Frame;
        const status = frame.ask(first, slots.length);
        if (status === Status.Answered) {
          counters.fast++;
          this.#tell(reading.warnings);
          return this.#answers(requests, reading, slots, frame);
        }
        if (status !== Status.Stale) {
          throw statusError(status);
        }
      }
      counters.stale++;
      this.#plans.clear();
    }
    return undefined;
  }

  /** Reads everything that may run the caller's code, before the frame is touched. */
  #read(requests: readonly unknown[]): Reading {
    const reading: Reading = { plans: [], entityIds: [], values: [], warnings: [] };
    for (let index = 0; index < requests.length; index++) {
      const { flagKey, entityId, context } = fields(requests[index]);
      let plan: Plan | undefined;
      if (typeof flagKey === 'string' && typeof entityId === 'string') {
        plan = this.#plans.get(flagKey) ?? this.#plans.fetch(flagKey);
        reading.entityIds.push(entityId);
      } else {
        reading.entityIds.push('');
      }
      if (!readValues(plan, context, reading.values) || plan === undefined) {
        reading.warnings.push(warning(index, flagKey, entityId, context));
        plan = undefined;
      }
      reading.plans.push(plan);
    }
    return reading;
  }

  /** Puts the items into the frame; returns where their answers will stand, or nothing when no frame is large enough. */
  #fill({ plans, entityIds, values }: Reading): number[] | undefined {
    this.#frame ??= new Frame(this.#native);
    let frame: Frame | undefined = this.#frame;
    while (frame !== undefined) {
      const slots = fillFrame(frame, plans, entityIds, values);
      if (slots !== undefined) {
        this.#frame = frame;
        return slots;
      }
      frame = frame.grown();
    }
    return undefined;
  }

  #answers(
    requests: readonly unknown[],
    { plans }: Reading,
    slots: number[],
    frame: Frame,
  ): BatchEvaluationResponse {
    const timestamp = this.#clock.iso(frame.tick());
    const requestDurationMillis = frame.totalDuration();
    const responses: EvaluationResponse[] = [];
    let next = 0;
    for (let index = 0; index < plans.length; index++) {
      const plan = plans[index];
      if (plan === undefined || plan.error !== undefined || plan.kind === 'unknown') {
        responses.push(this.#failed(requests[index], plan?.error?.code));
        continue;
      }
      const slot = slots[next++] as number;
      const outcome = plan.outcomes[frame.outcome(slot)] as NativeOutcome;
      const keys = segmentKeys(outcome, frame.segments(slot));
      responses.push(
        succeeded(plan.kind, plan.flagKey, outcome, keys, frame.duration(slot), timestamp),
      );
    }
    return { responses, requestDurationMillis };
  }

  #slow(requests: readonly unknown[]): BatchEvaluationResponse {
    counters.slow++;
    const warnings: string[] = [];
    const asked = requests.map((request, index) => {
      const { flagKey, entityId, context } = fields(request);
      try {
        if (typeof flagKey === 'string' && typeof entityId === 'string') {
          return { flagKey, entityId, ...readAll(context) } satisfies NativeRequest;
        }
      } catch {
        // The warning names what could not be read.
      }
      warnings.push(warning(index, flagKey, entityId, context));
      return undefined;
    });
    const usable = asked.filter((request) => request !== undefined);
    const { answers, durationNanos } = unwrap(this.#native.evaluateBatch(usable));
    this.#tell(warnings);
    const timestamp = new Date().toISOString();
    let next = 0;
    const responses = asked.map((request, index) => {
      const answer: NativeAnswer | undefined = request && answers[next++];
      return request === undefined || answer === undefined || answer.kind === 'error'
        ? this.#failed(requests[index], answer?.code)
        : succeeded(
            answer.kind,
            request.flagKey,
            answer,
            answer.segmentKeys,
            answer.durationNanos / 1e6,
            timestamp,
          );
    });
    return { responses, requestDurationMillis: durationNanos / 1e6 };
  }

  #tell(warnings: readonly string[]): void {
    for (const text of warnings) {
      this.#warn(text);
    }
  }

  #failed(request: unknown, code: string | undefined): EvaluationResponse {
    const { flagKey } = fields(request);
    return {
      type: 'ERROR_EVALUATION_RESPONSE_TYPE',
      errorEvaluationResponse: {
        flagKey: typeof flagKey === 'string' ? flagKey : '',
        namespaceKey: this.#native.namespace(),
        reason: code === 'FLIPT_FLAG_NOT_FOUND' ? NOT_FOUND : UNKNOWN,
      },
    };
  }
}

/** A plan whose generation is that of all others; nothing when there is none or one does not fit into a frame. */
function oneGeneration(plans: readonly (Plan | undefined)[]): Plan | 'mixed' | undefined {
  let first: Plan | undefined;
  for (const plan of plans) {
    if (plan === undefined) {
      continue;
    }
    if (!plan.fits) {
      return undefined;
    }
    first ??= plan;
    if (!plan.sameGeneration(first)) {
      return 'mixed';
    }
  }
  return first;
}

function fillFrame(
  frame: Frame,
  plans: readonly (Plan | undefined)[],
  entityIds: readonly string[],
  values: readonly unknown[],
): number[] | undefined {
  const slots: number[] = [];
  let offset = 0;
  frame.begin(plans.length, values.length);
  for (let index = 0; index < plans.length; index++) {
    const plan = plans[index];
    if (plan === undefined || plan.error !== undefined || plan.kind === 'unknown') {
      continue;
    }
    const slot = frame.add(plan, entityIds[index] as string, values, offset);
    if (slot < 0) {
      return undefined;
    }
    slots.push(slot);
    offset += plan.keyCount;
  }
  return slots;
}

/** Appends the values of the plan's keys; false, with nothing appended, when the context cannot be used. */
function readValues(plan: Plan | undefined, context: unknown, values: unknown[]): boolean {
  const offset = values.length;
  const keys = plan?.keys ?? NO_KEYS;
  try {
    for (let index = 0; index < keys.count; index++) {
      values.push(undefined);
    }
    keys.read(context, values, offset);
    return true;
  } catch {
    values.length = offset;
    return false;
  }
}

/** The fields of a request; none of one that cannot be read. */
function fields(request: unknown): { flagKey?: unknown; entityId?: unknown; context?: unknown } {
  if (typeof request !== 'object' || request === null) {
    return NOTHING;
  }
  try {
    const { flagKey, entityId, context } = request as Record<string, unknown>;
    return { flagKey, entityId, context };
  } catch {
    return NOTHING;
  }
}

/** What the logger is told about an item that could not be used. */
function warning(index: number, flagKey: unknown, entityId: unknown, context: unknown): string {
  return itemProblems(index, flagKey, entityId, context).map(describeProblem).join('; ');
}

function succeeded(
  kind: 'boolean' | 'variant',
  flagKey: string,
  answer: { on: boolean; reason: string; variantKey: string; variantAttachment: string },
  segmentKeys: string[],
  requestDurationMillis: number,
  timestamp: string,
): EvaluationResponse {
  const { on, reason } = answer;
  if (kind === 'boolean') {
    return {
      type: 'BOOLEAN_EVALUATION_RESPONSE_TYPE',
      booleanEvaluationResponse: {
        enabled: on,
        flagKey,
        reason,
        requestDurationMillis,
        timestamp,
        segmentKeys,
      },
    };
  }
  const { variantKey, variantAttachment } = answer;
  return {
    type: 'VARIANT_EVALUATION_RESPONSE_TYPE',
    variantEvaluationResponse: {
      match: on,
      segmentKeys,
      reason,
      flagKey,
      variantKey,
      variantAttachment,
      requestDurationMillis,
      timestamp,
    },
  };
}
