import { KeyPositions, type Spare } from '../context.js';
import { unwrap } from '../errors.js';
import { FIRST, Frame, itemLength, Status, statusError } from '../frame.js';
import type { NativeClient } from '../native.js';
import type { Outcome } from '../outcome.js';
import { Plan, type Plans, segmentKeys } from '../plan.js';
import { entityMissing, Failure } from './failure.js';
import { type Selection, selected } from './selection.js';

/** Is told what one flag of many is worth, or why that is not known. */
export type Receive = (flagKey: string, outcome: Outcome | Failure, segmentKeys: string[]) => void;

/** What many flags are worth on one flag state. */
export interface AllAnswers {
  readonly digest: string;
  readonly stale: boolean;
  /** Tells all of them, in order; to be called once, before anything else is asked. */
  each(receive: Receive): void;
}

/** A flag on a sheet: what is needed of its plan, side by side, and where its keys stand among those of all flags. */
export class Line {
  readonly flagKey: string;
  readonly position: number;
  readonly places: readonly number[];
  readonly outcomes: readonly Outcome[];
  readonly needsEntity: boolean;
  /** How many numbers its question takes. */
  readonly length: number;
  /** Why the flag cannot be asked about. */
  readonly failure: Failure | undefined;

  constructor(plan: Plan, places: readonly number[]) {
    this.flagKey = plan.flagKey;
    this.position = plan.position;
    this.places = places;
    this.outcomes = plan.outcomes;
    this.needsEntity = plan.needsEntity;
    this.length = itemLength(plan);
    this.failure = Failure.ofPlan(plan);
  }
}

/**
 * All flags of one flag state, to be asked about at once: the context is written once, and every flag's question points
 * into it.
 */
export class Sheet {
  readonly #lines: readonly Line[];
  /** Any of the plans. */
  readonly #plan: Plan | undefined;
  /** The context keys that any flag reads. */
  readonly #keys: KeyPositions;
  readonly #fits: boolean;
  #frame: Frame;

  constructor(native: NativeClient, plans: Plans) {
    const all = unwrap(native.plans()).map((told) => new Plan(told.flagKey, told));
    const names = new Map<string, number>();
    this.#lines = all.map((plan) => {
      plans.keep(plan);
      const places = plan.keys.names.map((name) => {
        const place = names.get(name) ?? names.size;
        names.set(name, place);
        return place;
      });
      return new Line(plan, places);
    });
    this.#plan = all[0];
    this.#keys = new KeyPositions([...names.keys()]);
    this.#fits = all.every((plan) => plan.fits);
    this.#frame = new Frame(native);
  }

  /** Whether there are no flags; nobody notices then when this flag state is replaced. */
  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** The answers of a selection of flags; `stale` when flag state was replaced since. */
  ask(
    entity: string,
    context: unknown,
    selection: Selection,
    spare: Spare,
  ): AllAnswers | Failure | 'stale' | 'too large' {
    const lines = this.#selected(selection);
    const asked = lines.filter(({ failure }) => failure === undefined);
    if (!this.#fits || !this.#fill(asked, entity, context, spare)) {
      return 'too large';
    }
    const frame = this.#frame;
    const plan = this.#plan;
    // Without a flag the generation is unknown, and nothing depends on it.
    const status = plan === undefined ? Status.Answered : frame.ask(plan, asked.length);
    if (status === Status.Stale) {
      return 'stale';
    }
    if (status !== Status.Answered) {
      return Failure.of(statusError(status));
    }
    return {
      digest: plan?.digest ?? '',
      stale: frame.isStale(),
      each: (receive) => this.#tell(lines, entity, receive),
    };
  }

  #selected(selection: Selection): readonly Line[] {
    if (selection.keys === undefined && selection.prefix === undefined) {
      return this.#lines;
    }
    const isSelected = selected(selection);
    return this.#lines.filter(({ flagKey }) => isSelected(flagKey));
  }

  /** Writes the questions; false when they are too many for any frame, or the context cannot be read. */
  #fill(asked: readonly Line[], entity: string, context: unknown, spare: Spare): boolean {
    for (let frame: Frame | undefined = this.#frame; frame !== undefined; frame = frame.grown()) {
      const written = frame.holdAll(asked, this.#keys, entity, context, spare);
      if (written !== 'no room') {
        this.#frame = frame;
        return written === 'held';
      }
    }
    return false;
  }

  #tell(lines: readonly Line[], entity: string, receive: Receive): void {
    const frame = this.#frame;
    const isNamed = entity !== '';
    let slot = FIRST;
    for (const { flagKey, failure, needsEntity, outcomes, length } of lines) {
      if (failure !== undefined) {
        receive(flagKey, failure, []);
        continue;
      }
      if (isNamed || !needsEntity) {
        const outcome = outcomes[frame.outcome(slot)] as Outcome;
        receive(flagKey, outcome, segmentKeys(outcome, frame.segments(slot)));
      } else {
        receive(flagKey, entityMissing(flagKey), []);
      }
      slot += length;
    }
  }
}
