import type { FliptClient } from '../client.js';
import { type FliptError, SecurityError } from '../errors.js';

/** What a provider can be, in the words of the SDK. */
export type Standing =
  /** Flags are evaluated, and current as far as is known. */
  | { readonly state: 'READY' }
  /** Flags are evaluated, but may be outdated. */
  | { readonly state: 'STALE'; readonly message: string }
  /** There are no flags, or the server refuses the client; may pass. */
  | { readonly state: 'ERROR'; readonly message: string; readonly cause?: FliptError }
  /** There are no flags, and somebody has to do something about it. */
  | { readonly state: 'FATAL'; readonly message: string; readonly cause?: FliptError };

/** What a client can do for its provider at this moment. */
export function standingOf(client: FliptClient): Standing {
  if (client.isClosed) {
    return { state: 'FATAL', message: 'the client was closed' };
  }
  const { lastError, stale } = client.status;
  if (!client.isReady) {
    const message = lastError?.message ?? 'no flag state has been loaded yet';
    const state = lastError?.code === 'FLIPT_SERVER_UNAUTHENTICATED' ? 'FATAL' : 'ERROR';
    return lastError === undefined ? { state, message } : { state, message, cause: lastError };
  }
  if (stale) {
    return { state: 'STALE', message: lastError?.message ?? 'the flag state may be outdated' };
  }
  // Other failures pass, or end in stale flag state.
  return lastError instanceof SecurityError
    ? { state: 'ERROR', message: lastError.message, cause: lastError }
    : { state: 'READY' };
}
