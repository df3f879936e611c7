import { itemProblems } from './arguments.js';
import type { Clock } from './clock.js';
import { readAll } from './context.js';
import { describe } from './encode.js';
import { describeProblem, invalidArgument, unwrap } from './errors.js';
import type { BatchEvaluationResponse, EvaluationResponse } from './evaluation.js';
import { Frame, NO_ROOM, Status, statusError, UNREADABLE } from './frame.js';
import type { NativeAnswer, NativeClient, NativeRequest } from './native.js';
import type { Outcome } from './outcome.js';
import { counters, isForcedSlow } from './path.js';
import { type Plan, type Plans, segmentKeys } from './plan.js';
import type { Witness } from './witness.js';

const ATTEMPTS = 2;
const NOT_FOUND = 'NOT_FOUND_ERROR_EVALUATION_REASON';
const UNKNOWN = 'UNKNOWN_ERROR_EVALUATION_REASON';
/** Instead of a place: the flag cannot be evaluated. */
const UNASKED = -3;

/** The requests as far as they can be asked about: side by side, an unusable one without a plan. */
interface Reading {
  readonly plans: (Plan | undefined)[];
  readonly entityIds: string[];
  readonly contexts: unknown[];
}

const NOTHING = {};

/** Evaluates batches: one crossing of the border and one state of the flags for all items. */
export class Batch {
  readonly #native: NativeClient;
  readonly #plans: Plans;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #frame: Frame | undefined;
  /** Contexts are being read, and their getters may evaluate: those batches take the slow path. */
  #isReading = false;

  constructor(native: NativeClient, plans: Plans, clock: Clock, warn: (message: string) => void) {
    this.#native = native;
    this.#plans = plans;
    this.#clock = clock;
    this.#warn = warn;
  }

  evaluate(requests: unknown, witness?: Witness): BatchEvaluationResponse {
    if (!Array.isArray(requests)) {
      const received = describe(requests);
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: 'requests',
        received,
        allowed: 'an array of requests',
      });
    }
    return this.#fast(requests, witness) ?? this.#slow(requests, witness);
  }

  #fast(
    requests: readonly unknown[],
    witness: Witness | undefined,
  ): BatchEvaluationResponse | undefined {
    for (let attempt = 0; attempt < ATTEMPTS && !this.#isReading && !isForcedSlow(); attempt++) {
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
        const status = frame.ask(first, asked(slots));
        if (status === Status.Answered) {
          counters.fast++;
          return this.#answers(requests, reading, slots, frame, witness);
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

  /** Reads the requests but for their contexts. */
  #read(requests: readonly unknown[]): Reading {
    const reading: Reading = { plans: [], entityIds: [], contexts: [] };
    for (let index = 0; index < requests.length; index++) {
      const { flagKey, entityId, context } = fields(requests[index]);
      if (typeof flagKey === 'string' && typeof entityId === 'string') {
        reading.plans.push(this.#plans.get(flagKey) ?? this.#plans.fetch(flagKey));
        reading.entityIds.push(entityId);
      } else {
        reading.plans.push(undefined);
        reading.entityIds.push('');
      }
      reading.contexts.push(context);
    }
    return reading;
  }

  /** Puts the items into the frame; returns where their answers will stand, or nothing when no frame is large enough. */
  #fill(reading: Reading): number[] | undefined {
    this.#frame ??= new Frame(this.#native);
    for (let frame: Frame | undefined = this.#frame; frame !== undefined; frame = frame.grown()) {
      this.#isReading = true;
      try {
        const slots = fillFrame(frame, reading);
        if (slots !== undefined) {
          this.#frame = frame;
          return slots;
        }
      } finally {
        this.#isReading = false;
      }
    }
    return undefined;
  }

  #answers(
    requests: readonly unknown[],
    { plans }: Reading,
    slots: readonly number[],
    frame: Frame,
    witness: Witness | undefined,
  ): BatchEvaluationResponse {
    const timestamp = this.#clock.iso(frame.tick());
    const requestDurationMillis = frame.totalDuration();
    const responses: EvaluationResponse[] = [];
    const warnings: string[] = [];
    for (let index = 0; index < plans.length; index++) {
      const plan = plans[index];
      const slot = slots[index] as number;
      if (plan !== undefined && slot >= 0) {
        const outcome = plan.outcomes[frame.outcome(slot)] as Outcome;
        const keys = segmentKeys(outcome, frame.segments(slot));
        const duration = frame.duration(slot);
        witness?.(index, outcome, plan.digest, frame.isStale());
        responses.push(succeeded(plan.kind, plan.flagKey, outcome, keys, duration, timestamp));
      } else {
        if (slot === UNREADABLE) {
          warnings.push(warning(index, requests[index]));
        }
        responses.push(
          this.#failed(requests[index], slot === UNREADABLE ? undefined : plan?.error?.code),
        );
      }
    }
    this.#tell(warnings);
    return { responses, requestDurationMillis };
  }

  #slow(requests: readonly unknown[], witness: Witness | undefined): BatchEvaluationResponse {
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
      warnings.push(warning(index, request));
      return undefined;
    });
    const usable = asked.filter((request) => request !== undefined);
    const { answers, durationNanos, digest, stale } = unwrap(this.#native.evaluateBatch(usable));
    this.#tell(warnings);
    const timestamp = new Date().toISOString();
    let next = 0;
    const responses = asked.map((request, index) => {
      const answer: NativeAnswer | undefined = request && answers[next++];
      if (request === undefined || answer === undefined || answer.kind === 'error') {
        return this.#failed(requests[index], answer?.code);
      }
      witness?.(index, answer, digest, stale);
      return succeeded(
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

/** How many items the frame holds. */
function asked(slots: readonly number[]): number {
  let count = 0;
  for (const slot of slots) {
    count += slot < 0 ? 0 : 1;
  }
  return count;
}

/** For each request where its answer will stand, or why it will not; nothing when there is no room. */
function fillFrame(frame: Frame, { plans, entityIds, contexts }: Reading): number[] | undefined {
  let keys = 0;
  for (const plan of plans) {
    keys += plan?.keyCount ?? 0;
  }
  frame.begin(plans.length, keys);
  const slots: number[] = [];
  for (let index = 0; index < plans.length; index++) {
    const slot = place(frame, plans[index], entityIds[index] as string, contexts[index]);
    if (slot === NO_ROOM) {
      return undefined;
    }
    slots.push(slot);
  }
  return slots;
}

function place(frame: Frame, plan: Plan | undefined, entityId: string, context: unknown): number {
  if (plan === undefined) {
    return UNREADABLE;
  }
  if (plan.error !== undefined || plan.kind === 'unknown') {
    // Its context is judged all the same, so that the warning does not depend on the flag.
    return isReadable(context) ? UNASKED : UNREADABLE;
  }
  try {
    return frame.add(plan, entityId, context);
  } catch {
    return UNREADABLE;
  }
}

function isReadable(context: unknown): boolean {
  try {
    readAll(context);
    return true;
  } catch {
    return false;
  }
}

/** The fields of a request; none of one that cannot be read. */
export function fields(request: unknown): {
  flagKey?: unknown;
  entityId?: unknown;
  context?: unknown;
} {
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
function warning(index: number, request: unknown): string {
  const { flagKey, entityId, context } = fields(request);
  return itemProblems(index, flagKey, entityId, context).map(describeProblem).join('; ');
}

function succeeded(
  kind: string,
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
