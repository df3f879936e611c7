import { KeyPositions } from './context.js';
import { type NativeError, unwrap } from './errors.js';
import type { NativeClient, NativePlan } from './native.js';
import { Outcome } from './outcome.js';
import { Attachments } from './values/attachments.js';

/** The addon's texts are new ones every time; these compare by identity. */
const KINDS = { boolean: 'boolean', variant: 'variant', unknown: 'unknown' } as const;

/** What is known about one flag under one generation of flag state. It never keeps that flag state alive. */
export class Plan {
  readonly flagKey: string;
  readonly generationLow: number;
  readonly generationHigh: number;
  readonly kind: NativePlan['kind'];
  readonly position: number;
  readonly keys: KeyPositions;
  readonly keyCount: number;
  readonly outcomes: readonly Outcome[];
  readonly attachments: Attachments = new Attachments();
  /** Whether an answer can depend on the entity's id. */
  readonly needsEntity: boolean;
  /** The digest of the flag state. */
  readonly digest: string;
  /** Whether a frame can hold the question and the answer. */
  readonly fits: boolean;
  /** Why the flag cannot be evaluated under this generation. */
  readonly error: NativeError | undefined;

  constructor(flagKey: string, native: NativePlan) {
    this.flagKey = flagKey;
    this.generationLow = native.generationLow;
    this.generationHigh = native.generationHigh;
    this.kind = KINDS[native.kind];
    this.position = native.position;
    this.keys = new KeyPositions(native.keys);
    this.keyCount = this.keys.count;
    this.outcomes = native.outcomes.map(
      (outcome) => new Outcome(native.kind, outcome, this.attachments),
    );
    this.needsEntity = native.needsEntity;
    this.digest = native.digest;
    this.fits = !native.slow;
    this.error = native.error;
  }

  /** Whether the flag can be evaluated at all. */
  get isAskable(): boolean {
    return this.error === undefined && this.kind !== 'unknown';
  }

  /** Whether both plans describe the same flag state. */
  sameGeneration(other: Plan): boolean {
    return (
      this.generationLow === other.generationLow && this.generationHigh === other.generationHigh
    );
  }
}

/** A fresh list of the segments whose bits are set, in the flag's order. */
export function segmentKeys(outcome: Outcome, mask: number): string[] {
  if (mask === 0) {
    return [];
  }
  const { segments } = outcome;
  if (segments.length === 1) {
    return [segments[0] as string];
  }
  const keys: string[] = [];
  for (let index = 0; index < segments.length; index++) {
    if ((mask & (1 << index)) !== 0) {
      keys.push(segments[index] as string);
    }
  }
  return keys;
}

/** The plans of one client, each fetched when its flag is first asked about. */
export class Plans {
  readonly #native: NativeClient;
  readonly #byKey = new Map<string, Plan>();

  constructor(native: NativeClient) {
    this.#native = native;
  }

  /** The plan as it is known, perhaps of flag state that was replaced since. */
  get(flagKey: string): Plan | undefined {
    return this.#byKey.get(flagKey);
  }

  /** The plan of the flag state in force. Flags that cannot be evaluated have one too; it says why, and is not kept. */
  fetch(flagKey: string): Plan {
    const plan = new Plan(flagKey, unwrap(this.#native.plan(flagKey)));
    this.keep(plan);
    return plan;
  }

  /** Remembers the plan of a flag that can be asked about. */
  keep(plan: Plan): void {
    if (plan.isAskable) {
      this.#byKey.set(plan.flagKey, plan);
    }
  }

  /** Forgets all plans, because flag state was replaced. */
  clear(): void {
    this.#byKey.clear();
  }
}
