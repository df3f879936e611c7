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

/** A flag, and where the context keys that it reads stand among those of all flags. */
export interface Line {
  readonly plan: Plan;
  readonly places: readonly number[];
}

/**
 * All flags of one flag state, to be asked about at once: the context is written once, and every flag's question points
 * into it.
 */
export class Sheet {
  readonly #lines: readonly Line[];
  /** The context keys that any flag reads. */
  readonly #keys: KeyPositions;
  readonly #fits: boolean;
  #frame: Frame;

  constructor(native: NativeClient, plans: Plans) {
    const names = new Map<string, number>();
    this.#lines = unwrap(native.plans()).map((told) => {
      const plan = new Plan(told.flagKey, told);
      plans.keep(plan);
      const places = plan.keys.names.map((name) => {
        const place = names.get(name) ?? names.size;
        names.set(name, place);
        return place;
      });
      return { plan, places };
    });
    this.#keys = new KeyPositions([...names.keys()]);
    this.#fits = this.#lines.every(({ plan }) => plan.fits);
    this.#frame = new Frame(native);
  }

  /** The answers of a selection of flags; `stale` when flag state was replaced since. */
  ask(
    entity: string,
    context: unknown,
    selection: Selection,
    spare: Spare,
  ): AllAnswers | Failure | 'stale' | 'too large' {
    const lines = this.#selected(selection);
    const asked = lines.filter(({ plan }) => plan.isAskable);
    if (!this.#fits || !this.#fill(asked, entity, context, spare)) {
      return 'too large';
    }
    const frame = this.#frame;
    const first = this.#lines[0]?.plan;
    // Without a flag the generation is unknown, and nothing depends on it.
    const status = first === undefined ? Status.Answered : frame.ask(first, asked.length);
    if (status === Status.Stale) {
      return 'stale';
    }
    if (status !== Status.Answered) {
      return Failure.of(statusError(status));
    }
    return {
      digest: first?.digest ?? '',
      stale: frame.isStale(),
      each: (receive) => this.#tell(lines, entity, receive),
    };
  }

  #selected(selection: Selection): readonly Line[] {
    if (selection.keys === undefined && selection.prefix === undefined) {
      return this.#lines;
    }
    const isSelected = selected(selection);
    return this.#lines.filter(({ plan }) => isSelected(plan.flagKey));
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
    for (const { plan } of lines) {
      const { flagKey } = plan;
      const failure = Failure.ofPlan(plan);
      if (failure !== undefined) {
        receive(flagKey, failure, []);
        continue;
      }
      if (isNamed || !plan.needsEntity) {
        const outcome = plan.outcomes[frame.outcome(slot)] as Outcome;
        receive(flagKey, outcome, segmentKeys(outcome, frame.segments(slot)));
      } else {
        receive(flagKey, entityMissing(flagKey), []);
      }
      slot += itemLength(plan);
    }
  }
}
