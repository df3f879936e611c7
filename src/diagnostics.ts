import type { ChangeEvent } from './changes.js';
import type { FliptError } from './errors.js';
import type { EvaluatedDetails, EvaluationKind } from './evaluation-hook.js';
import type { ClientStatus } from './status.js';

/**
 * What subscribers of the channel `flipt-native:evaluation` are given for each evaluation, frozen. The context is not part
 * of it: it is what the application knows about people, and subscribers are tools that send on what they are given.
 */
export interface EvaluationMessage extends EvaluatedDetails {
  /** The namespace of the flag. */
  readonly namespace: string;
  /** What was asked for. */
  readonly kind: EvaluationKind;
}

/** A turn of a client's connection. */
export type SyncEvent =
  /** There is flag state; it may be outdated from now on; it is current again; the client was closed. */
  | { readonly event: 'ready' | 'stale' | 'recovered' | 'closed' }
  /** The status has changed in more than times and counts. */
  | { readonly event: 'status'; readonly previous: ClientStatus; readonly current: ClientStatus }
  /** A request, a stream or the background task failed; the client goes on. */
  | { readonly event: 'error'; readonly error: FliptError };

/** What subscribers of the channel `flipt-native:sync` are given for each turn of a client's connection, frozen. */
export type SyncMessage = SyncEvent & {
  /** The namespace whose flag state is kept current. */
  readonly namespace: string;
};

/** What subscribers of the channel `flipt-native:change` are given when flag state was replaced, frozen. */
export interface ChangeMessage extends ChangeEvent {
  /** The namespace of the flags. */
  readonly namespace: string;
}
