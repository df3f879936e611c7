/** Which flags to answer for: those with these keys, and of these those whose key begins so. Default all. */
export interface Selection {
  /** Only flags with these keys; one that does not exist is left out. */
  readonly keys?: readonly string[] | undefined;
  /** Only flags whose key begins with this. */
  readonly prefix?: string | undefined;
}

/** Whether a flag's key belongs to a selection. */
export function selected({ keys, prefix = '' }: Selection): (flagKey: string) => boolean {
  const wanted = keys === undefined ? undefined : new Set(keys);
  return (flagKey) => (wanted?.has(flagKey) ?? true) && flagKey.startsWith(prefix);
}
