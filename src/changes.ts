import type { FlagSource } from './status.js';

/** A replacement of flag state by one in which some flags answer differently. */
export interface ChangeEvent {
  /** Keys of all flags that answer differently: added, removed and modified ones. */
  readonly flagKeys: readonly string[];
  /** Keys of flags that are new. */
  readonly added: readonly string[];
  /** Keys of flags that are gone. */
  readonly removed: readonly string[];
  /** Keys of flags that answer differently for some context. */
  readonly modified: readonly string[];
  /** The digest of the new flag state, when the server names one. */
  readonly digest: string | undefined;
  /** Where the new flag state came from. */
  readonly source: FlagSource;
  /** When the new flag state was put in force. */
  readonly at: Date;
}

/** What happened to a flag. */
export type ChangeKind = 'added' | 'removed' | 'modified';

/** What {@link ChangeEvent} says about one flag. */
export interface FlagChangeEvent {
  /** Key of the flag. */
  readonly flagKey: string;
  /** What happened to it. */
  readonly kind: ChangeKind;
  /** The digest of the new flag state, when the server names one. */
  readonly digest: string | undefined;
  /** Where the new flag state came from. */
  readonly source: FlagSource;
  /** When the new flag state was put in force. */
  readonly at: Date;
}

/** What a change is made of. */
export type ChangeParts = Omit<ChangeEvent, 'flagKeys'>;

/** A frozen change. */
export function changeOf({ added, removed, modified, digest, source, at }: ChangeParts) {
  const change: ChangeEvent = {
    flagKeys: Object.freeze([...added, ...removed, ...modified]),
    added: Object.freeze(added),
    removed: Object.freeze(removed),
    modified: Object.freeze(modified),
    digest,
    source,
    at,
  };
  return Object.freeze(change);
}

/** What a change says about each of its flags. */
export function* flagChanges(change: ChangeEvent): Generator<FlagChangeEvent> {
  const { digest, source, at } = change;
  for (const [flagKey, kind] of kindsOf(change)) {
    yield Object.freeze({ flagKey, kind, digest, source, at });
  }
}

/** What two changes, one after the other, come to; undefined when the second takes the first back. */
export function mergeChanges(earlier: ChangeEvent, later: ChangeEvent): ChangeEvent | undefined {
  const kinds = new Map(kindsOf(earlier));
  for (const [flagKey, kind] of kindsOf(later)) {
    const merged = mergeKinds(kinds.get(flagKey), kind);
    if (merged === undefined) {
      kinds.delete(flagKey);
    } else {
      kinds.set(flagKey, merged);
    }
  }
  const lists = { added: [] as string[], removed: [] as string[], modified: [] as string[] };
  for (const [flagKey, kind] of kinds) {
    lists[kind].push(flagKey);
  }
  return kinds.size === 0 ? undefined : changeOf({ ...later, ...lists });
}

function mergeKinds(earlier: ChangeKind | undefined, later: ChangeKind): ChangeKind | undefined {
  switch (earlier) {
    case 'added':
      return later === 'removed' ? undefined : 'added';
    case 'removed':
      return later === 'added' ? 'modified' : later;
    default:
      return later;
  }
}

function* kindsOf({ added, removed, modified }: ChangeEvent): Generator<[string, ChangeKind]> {
  for (const flagKey of added) {
    yield [flagKey, 'added'];
  }
  for (const flagKey of removed) {
    yield [flagKey, 'removed'];
  }
  for (const flagKey of modified) {
    yield [flagKey, 'modified'];
  }
}
