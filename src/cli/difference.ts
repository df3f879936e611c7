import { isDeepStrictEqual } from 'node:util';
import type { ChangeKind } from '../changes.js';
import type { PortableFlag, PortableSnapshot, PortableVariant } from './portable.js';

/** What differs about one flag. */
export interface Difference {
  readonly flagKey: string;
  readonly kind: ChangeKind;
  /** Of a modified flag: in what. */
  readonly fields: readonly string[];
}

/** Which flags of two snapshots can answer differently; names and descriptions do not count. */
export function differences(before: PortableSnapshot, after: PortableSnapshot): Difference[] {
  const found: Difference[] = [];
  for (const [flagKey, flag] of before.flags) {
    const other = after.flags.get(flagKey);
    if (other === undefined) {
      found.push({ flagKey, kind: 'removed', fields: [] });
      continue;
    }
    const fields = FIELDS.filter(([, read]) => !isDeepStrictEqual(read(flag), read(other)));
    if (fields.length > 0) {
      found.push({ flagKey, kind: 'modified', fields: fields.map(([name]) => name) });
    }
  }
  for (const flagKey of after.flags.keys()) {
    if (!before.flags.has(flagKey)) {
      found.push({ flagKey, kind: 'added', fields: [] });
    }
  }
  return found.sort((left, right) => (left.flagKey < right.flagKey ? -1 : 1));
}

const FIELDS: readonly (readonly [name: string, read: (flag: PortableFlag) => unknown])[] = [
  ['type', (flag) => flag.type],
  ['enabled', (flag) => flag.enabled],
  ['default variant', (flag) => flag.defaultVariant && comparable(flag.defaultVariant)],
  ['rules', (flag) => flag.rules.map(({ operator, segments }) => ({ operator, segments }))],
  ['distributions', (flag) => flag.rules.map(({ shares }) => shares.map(comparable))],
  ['rollouts', (flag) => flag.rollouts],
];

/** Attachments are compared as values: how they are spelled makes no difference. */
function comparable<Of extends PortableVariant>(variant: Of): unknown {
  const { attachment } = variant;
  try {
    return {
      ...variant,
      attachment: attachment === undefined ? undefined : JSON.parse(attachment),
    };
  } catch {
    return variant;
  }
}
