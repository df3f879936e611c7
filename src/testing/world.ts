import { Evaluator } from '../evaluator.js';
import type { NativeClient } from '../native.js';
import type { Complaints } from '../values/failure.js';
import type { Observers } from '../values/observation.js';
import type { Resolver } from '../values/resolver.js';
import { Valuation } from '../values/valuation.js';
import { type Entries, install } from './entries.js';

/** Flags in force, and what evaluates them. */
export class World {
  readonly native: NativeClient;
  readonly evaluator: Evaluator;
  readonly resolver: Resolver;
  readonly valuation: Valuation;
  #entries: Entries | undefined;

  constructor(
    native: NativeClient,
    complaints: Complaints,
    observers: Observers,
    warn: (message: string) => void,
  ) {
    this.native = native;
    this.evaluator = new Evaluator(native, warn);
    this.resolver = this.evaluator.resolver(complaints);
    this.valuation = new Valuation(native, this.resolver, observers);
  }

  /** Puts flags in force, unless they are. */
  show(entries: Entries): void {
    if (this.#entries !== entries) {
      install(this.native, entries);
      this.#entries = entries;
    }
  }
}
