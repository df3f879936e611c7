import { KeyPositions, type Spare } from '../context.js';
import { unwrap } from '../errors.js';
import { FIRST, Frame, itemLength, Status, statusError } from '../frame.js';
import type { NativeClient } from '../native.js';
import type { Outcome } from '../outcome.js';
import { Plan, type Plans, segmentKeys } from '../plan.js';
import { entityMissing, Failure } from './failure.js';
import { type Selection, selected } from './selection.js';

/** What one flag of many is worth. */
export interface Answered {
  readonly flagKey: string;
  readonly outcome: Outcome | Failure;
  readonly segmentKeys: string[];
}

/** What many flags are worth on one flag state. */
export interface AllAnswers {
  readonly items: Answered[];
  readonly digest: string;
  readonly stale: boolean;
}

/**
 * All flags of one flag state, to be asked about at once: the context is written once, and every flag's question points
 * into it.
 */
export class Sheet {
  readonly #plans: readonly Plan[];
  /** The context keys that any flag reads. */
  readonly #keys: KeyPositions;
  /** For each plan, where its keys stand among all keys. */
  readonly #places = new Map<Plan, readonly number[]>();
  readonly #fits: boolean;
  #frame: Frame;

  constructor(native: NativeClient, plans: Plans) {
    this.#plans = unwrap(native.plans()).map((told) => new Plan(told.flagKey, told));
    const names = new Map<string, number>();
    for (const plan of this.#plans) {
      const places = plan.keys.names.map((name) => {
        const place = names.get(name) ?? names.size;
        names.set(name, place);
        return place;
      });
      this.#places.set(plan, places);
      plans.keep(plan);
    }
    this.#keys = new KeyPositions([...names.keys()]);
    this.#fits = this.#plans.every((plan) => plan.fits);
    this.#frame = new Frame(native);
  }

  /** The answers of a selection of flags; `stale` when flag state was replaced since. */
  ask(
    entity: string,
    context: unknown,
    selection: Selection,
    spare: Spare,
  ): AllAnswers | Failure | 'stale' | 'too large' {
    const isSelected = selected(selection);
    const wanted = this.#plans.filter((plan) => isSelected(plan.flagKey));
    const asked = wanted.filter((plan) => plan.isAskable);
    if (!this.#fits || !this.#fill(asked, entity, context, spare)) {
      return 'too large';
    }
    const frame = this.#frame;
    // Without a flag the generation is unknown, and nothing depends on it.
    const status =
      this.#plans[0] === undefined ? Status.Answered : frame.ask(this.#plans[0], asked.length);
    if (status === Status.Stale) {
      return 'stale';
    }
    if (status !== Status.Answered) {
      return Failure.of(statusError(status));
    }
    return {
      items: this.#answers(wanted, entity),
      digest: this.#plans[0]?.digest ?? '',
      stale: frame.isStale(),
    };
  }

  /** Writes the questions; false when they are too many for any frame, or the context cannot be read. */
  #fill(asked: readonly Plan[], entity: string, context: unknown, spare: Spare): boolean {
    for (let frame: Frame | undefined = this.#frame; frame !== undefined; frame = frame.grown()) {
      const written = frame.holdAll(asked, this.#places, this.#keys, entity, context, spare);
      if (written !== 'no room') {
        this.#frame = frame;
        return written === 'held';
      }
    }
    return false;
  }

  #answers(wanted: readonly Plan[], entity: string): Answered[] {
    const frame = this.#frame;
    let slot = FIRST;
    return wanted.map((plan) => {
      const { flagKey } = plan;
      const failure = Failure.ofPlan(plan);
      if (failure !== undefined) {
        return { flagKey, outcome: failure, segmentKeys: [] };
      }
      const outcome = plan.outcomes[frame.outcome(slot)] as Outcome;
      const mask = frame.segments(slot);
      slot += itemLength(plan);
      return plan.needsEntity && entity === ''
        ? { flagKey, outcome: entityMissing(flagKey), segmentKeys: [] }
        : { flagKey, outcome, segmentKeys: segmentKeys(outcome, mask) };
    });
  }
}
