import { type FliptError, fromNative } from './errors.js';
import type { NativeStatus } from './native.js';

/** What a client's connection is doing. */
export type ConnectionState =
  /** The server has not answered yet, or the first stream is not confirmed yet. */
  | 'connecting'
  /** A stream is open and healthy. */
  | 'streaming'
  /** Polls keep the flag state current; also when polling is off and the last request succeeded. */
  | 'polling'
  /** The last request or the stream failed after an earlier success; the flag state stays in force. */
  | 'reconnecting'
  /** The client was told not to use the network. */
  | 'offline'
  /** The client was closed. */
  | 'closed';

/** Where flag state came from. A later version may know further sources. */
export type FlagSource =
  | 'none'
  | 'server'
  | 'snapshot'
  | 'bootstrap'
  | 'cache'
  | 'file'
  /** The client is offline, and there was nothing to start from. */
  | 'empty'
  | (string & {});

/** The state of a client's connection and flags at one moment. */
export interface ClientStatus {
  /** What the connection is doing. */
  readonly connection: ConnectionState;
  /**
   * Whether polls keep the flag state current: always with `fetchMode: 'polling'`, and where a stream is broken or not
   * to be had. The slow safety poll beside a healthy stream does not count.
   */
  readonly pollingActive: boolean;
  /** Whether the server offers streams; undefined until that is known, and with `fetchMode: 'polling'`. */
  readonly streamSupported: boolean | undefined;
  /** Failed attempts since the last success. */
  readonly attempt: number;
  /** When the next attempt is due; undefined while one is going on, and when none is planned. */
  readonly nextAttemptAt: Date | undefined;
  /** When the server last confirmed or sent the flag state. */
  readonly lastSuccessAt: Date | undefined;
  /** The last error of a request or a stream; undefined once they work again. */
  readonly lastError: FliptError | undefined;
  /**
   * Whether the flag state may be outdated: nothing was heard of the server for `staleAfterMs`, it does not know the
   * namespace any more, or the state came from the disk and was not confirmed yet.
   */
  readonly stale: boolean;
  /** Where the flag state in force came from; `none` before the first. */
  readonly source: FlagSource;
  /** The digest of the flag state in force, when the server names one. */
  readonly digest: string | undefined;
  /** The number of flags in force. */
  readonly flagCount: number;
  /** The size of the text that the flag state in force was read from, in bytes. */
  readonly snapshotBytes: number;
}

/** The status as users see it. */
export function statusOf(status: NativeStatus): ClientStatus {
  return Object.freeze({
    connection: status.connection,
    pollingActive: status.pollingActive,
    streamSupported: status.streamSupported,
    attempt: status.attempt,
    nextAttemptAt: dateOf(status.nextAttemptAt),
    lastSuccessAt: dateOf(status.lastSuccessAt),
    lastError: status.lastError && fromNative(status.lastError),
    stale: status.stale,
    source: status.source,
    digest: status.digest,
    flagCount: status.flagCount,
    snapshotBytes: status.snapshotBytes,
  });
}

function dateOf(milliseconds: number | undefined): Date | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds);
}
