import type { AbortSignalLike } from '../fetcher.js';
import type { ClientOptions } from '../options.js';
import { SIGNAL } from '../signal.js';

/**
 * The options of a provider's own client: it starts without flag state, too, and `closing` calls its start off. Options
 * that cannot be used are left to whoever refuses them.
 */
export function ownOptions(
  options: ClientOptions | undefined,
  closing: AbortSignal,
): ClientOptions | undefined {
  if (Array.isArray(options) || !['object', 'undefined'].includes(typeof options)) {
    return options;
  }
  const { signal } = options ?? {};
  const isUnusable = signal !== undefined && signal !== null && !SIGNAL.fits(signal);
  return {
    ...options,
    errorStrategy: 'fallback',
    signal: isUnusable ? signal : either(closing, signal ?? undefined),
  };
}

/** A signal that is aborted as soon as one of two is. */
function either(first: AbortSignalLike, second: AbortSignalLike | undefined): AbortSignalLike {
  if (second === undefined) {
    return first;
  }
  const both = [first, second];
  return {
    get aborted() {
      return both.some(({ aborted }) => aborted);
    },
    get reason() {
      return both.find(({ aborted }) => aborted)?.reason;
    },
    addEventListener(type, listener, options) {
      for (const signal of both) {
        signal.addEventListener(type, listener, options);
      }
    },
    removeEventListener(type, listener) {
      for (const signal of both) {
        signal.removeEventListener(type, listener);
      }
    },
  };
}
