import type { NativeAddon } from '../native.js';
import { version } from '../version.js';
import { type Attempt, attempt } from './attempt.js';
import type { Machine } from './machine.js';
import { places } from './places.js';

/** What looking for the addon came to. */
export interface Search {
  readonly addon: NativeAddon | undefined;
  /** In their order; the last one succeeded when there is an addon. */
  readonly attempts: readonly Attempt[];
}

/** Tries one place after the other until the addon of this version is loaded. */
export function search(machine: Machine): Search {
  const attempts: Attempt[] = [];
  for (const place of places(machine)) {
    const made = attempt(machine, place, version);
    attempts.push(made);
    if (made.addon !== undefined) {
      return { addon: made.addon, attempts };
    }
  }
  return { addon: undefined, attempts };
}
