import { isPresent } from '../arguments.js';
import { contextProblems, readAll, type Spare } from '../context.js';
import { describe } from '../encode.js';
import { describeProblem, FliptError, unwrap } from '../errors.js';
import { type Explanation, explain } from '../explain.js';
import { FIRST, type Frame, Status, statusError } from '../frame.js';
import type { NativeAnswer, NativeBatch, NativeClient } from '../native.js';
import { Outcome } from '../outcome.js';
import { counters, isForcedSlow } from '../path.js';
import { Plan, type Plans, segmentKeys } from '../plan.js';
import { Attachments } from './attachments.js';
import { type Complaints, entityMissing, Failure } from './failure.js';
import { targetingKeyOf } from './flag-context.js';
import { anyValue, type Reading, suits } from './reading.js';
import { type Selection, selected } from './selection.js';
import { type AllAnswers, type Receive, Sheet } from './sheet.js';

const ATTEMPTS = 2;
/** Flags with many segments can have very many sets of them that match. */
const MOST_NOTES = 64;

/** Makes something of an answer, the segments that matched, and the digest of its flag state. */
export type Note<T> = (outcome: Outcome, segmentKeys: readonly string[], digest: string) => T;

/** Finds out what flags are worth for a context, for one client. What it returned last can be asked about further. */
export class Resolver {
  readonly complaints: Complaints;
  readonly #native: NativeClient;
  readonly #plans: Plans;
  readonly #frame: Frame;
  readonly #spare: Spare;
  #sheet: Sheet | undefined;
  /** What gave the last answer: with a plan it stands in the frame, else it is the slow path's. */
  #source: Plan | NativeBatch | undefined;

  constructor(native: NativeClient, plans: Plans, frame: Frame, complaints: Complaints) {
    this.#native = native;
    this.#plans = plans;
    this.#frame = frame;
    this.complaints = complaints;
    this.#spare = (key, value) => this.#spared(key, value);
  }

  /** What a flag is worth, or why that is not known. `reading` is what will be read from it. */
  ask(flagKey: string, context: unknown, reading: Reading): Outcome | Failure {
    const entity = targetingKeyOf(context);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      let plan = this.#plans.get(flagKey);
      if (plan === undefined) {
        const planned = this.#planned(flagKey);
        if (planned instanceof Failure) {
          return planned;
        }
        plan = planned;
      }
      if (!plan.fits || isForcedSlow() || !this.#frame.hold(plan, entity, context, this.#spare)) {
        break;
      }
      const status = this.#frame.ask(plan, 1);
      if (status === Status.Answered) {
        counters.fast++;
        // Only now: getters of the context may have asked meanwhile.
        this.#source = plan;
        return plan.needsEntity && entity === '' && suits(reading, plan.kind === 'boolean')
          ? entityMissing(flagKey)
          : (plan.outcomes[this.#frame.outcome(FIRST)] as Outcome);
      }
      if (status !== Status.Stale) {
        return Failure.of(statusError(status));
      }
      counters.stale++;
      this.#plans.clear();
    }
    return this.#slow(flagKey, entity, context, reading);
  }

  /** The segments that matched in the last answer. */
  segmentKeys(outcome: Outcome): string[] {
    const source = this.#source;
    return source === undefined || source instanceof Plan
      ? segmentKeys(outcome, this.#frame.segments(FIRST))
      : [...(source.answers[0]?.segmentKeys ?? [])];
  }

  /** What `note` makes of the last answer, remembered for as long as its flag state is in force. */
  noted<T extends object>(outcome: Outcome, note: Note<T>): T {
    if (this.#source !== undefined && !(this.#source instanceof Plan)) {
      return note(outcome, this.segmentKeys(outcome), this.digest);
    }
    const mask = this.#frame.segments(FIRST);
    const known = outcome.notes?.get(mask);
    if (known !== undefined) {
      return known as T;
    }
    const made = note(outcome, segmentKeys(outcome, mask), this.digest);
    if (outcome.notes === undefined || outcome.notes.size >= MOST_NOTES) {
      outcome.notes = new Map();
    }
    outcome.notes.set(mask, made);
    return made;
  }

  /** The digest of the flag state that gave the last answer. */
  get digest(): string {
    return this.#source?.digest ?? '';
  }

  /** Whether the flag state that gave the last answer is stale. */
  get isStale(): boolean {
    const source = this.#source;
    return source === undefined || source instanceof Plan ? this.#frame.isStale() : source.stale;
  }

  /** The digest of the flag state in force and whether it is stale, where there is no answer. */
  state(): { digest: string; stale: boolean } {
    const { digest = '', stale } = this.#native.status();
    return { digest, stale };
  }

  /** What all flags of a selection are worth, on one flag state. */
  askAll(context: unknown, selection: Selection): AllAnswers | Failure {
    const entity = targetingKeyOf(context);
    for (let attempt = 0; attempt < ATTEMPTS && !isForcedSlow(); attempt++) {
      let sheet: Sheet;
      try {
        sheet = this.#sheet ?? new Sheet(this.#native, this.#plans);
      } catch (error) {
        return Failure.of(error);
      }
      this.#sheet = sheet.isEmpty ? undefined : sheet;
      const answers = sheet.ask(entity, context, selection, this.#spare);
      if (answers === 'too large') {
        break;
      }
      if (answers !== 'stale') {
        counters.fast++;
        return answers;
      }
      counters.stale++;
      this.#sheet = undefined;
      this.#plans.clear();
    }
    return this.#slowAll(entity, context, selection);
  }

  /** Why a flag answers as it does, for the context that a function returns. */
  explain(flagKey: unknown, context: () => unknown): Explanation {
    return explain(this.#native, flagKey, context, this.#spare);
  }

  #planned(flagKey: unknown): Plan | Failure {
    if (!isPresent(flagKey)) {
      const received = typeof flagKey === 'string' ? 'blank text' : describe(flagKey);
      return new Failure(
        'GENERAL',
        `flagKey: received ${received}, allowed is text that is not blank`,
      );
    }
    let plan: Plan;
    try {
      plan = this.#plans.fetch(flagKey);
    } catch (error) {
      return Failure.of(error);
    }
    return Failure.ofPlan(plan) ?? plan;
  }

  #slow(flagKey: string, entityId: string, context: unknown, reading: Reading): Outcome | Failure {
    counters.slow++;
    try {
      const request = { flagKey, entityId, ...readAll(context, this.#spare) };
      const batch = unwrap(this.#native.evaluateBatch([request]));
      this.#source = batch;
      return this.#outcome(flagKey, entityId, batch.answers[0], reading);
    } catch (error) {
      return FliptError.is(error) ? Failure.of(error) : unreadable(context);
    }
  }

  #outcome(
    flagKey: string,
    entityId: string,
    answer: NativeAnswer | undefined,
    reading: Reading,
  ): Outcome | Failure {
    if (answer === undefined || answer.kind === 'error') {
      return Failure.ofCode(answer?.code, answer?.message ?? 'there is no answer');
    }
    if (answer.needsEntity && entityId === '' && suits(reading, answer.kind === 'boolean')) {
      return entityMissing(flagKey);
    }
    const attachments = this.#plans.get(flagKey)?.attachments ?? new Attachments();
    return new Outcome(answer.kind, answer, attachments);
  }

  #slowAll(entityId: string, context: unknown, selection: Selection): AllAnswers | Failure {
    counters.slow++;
    try {
      const request = { flagKey: '', entityId, ...readAll(context, this.#spare) };
      const listed = unwrap(this.#native.listFlags()).map((flag) => flag.key);
      const flagKeys = [...new Set(listed)].filter(selected(selection));
      const { answers, digest, stale } = unwrap(this.#native.evaluateEach(flagKeys, request));
      const each = (receive: Receive): void =>
        answers.forEach((answer, index) => {
          const flagKey = flagKeys[index] as string;
          const outcome = this.#outcome(flagKey, entityId, answer, anyValue);
          receive(flagKey, outcome, answer.segmentKeys);
        });
      return { digest, stale, each };
    } catch (error) {
      return FliptError.is(error) ? Failure.of(error) : unreadable(context);
    }
  }

  /** The text of a value that has none by itself, empty where it is left out. */
  #spared(key: string, value: unknown): string {
    if (value instanceof Date && !Number.isNaN(value.getTime())) {
      return value.toISOString();
    }
    this.complaints.once(
      `context ${key}`,
      () => `context.${key}: ${describe(value)} cannot be compared and is left out`,
    );
    return '';
  }
}

function unreadable(context: unknown): Failure {
  const [problem] = contextProblems(context).filter(({ field }) => field === 'context');
  const message =
    problem === undefined ? 'context: it could not be read' : describeProblem(problem);
  return new Failure('INVALID_CONTEXT', message);
}
