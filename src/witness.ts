import type { NativeAnswer } from './native.js';

/** What the addon says about an answer besides what the caller gets. */
export type Told = Pick<NativeAnswer, 'variantKey' | 'why'> & {
  readonly ruleId?: string | undefined;
};

/**
 * Is told what an answer does not say about itself: how it came about, the digest of the flag state that gave it, and
 * whether that is stale. `index` is the request's place in a batch.
 */
export type Witness = (index: number, told: Told, digest: string, stale: boolean) => void;
