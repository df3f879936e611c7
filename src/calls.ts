import { describe, read } from './encode.js';
import {
  createError,
  type FliptError,
  invalidArguments,
  type NativeError,
  type Problem,
  type Tagged,
} from './errors.js';
import type { AbortSignalLike } from './fetcher.js';
import type { NativeCall } from './native.js';
import { SIGNAL } from './signal.js';

/** How a call can be called off. */
export interface CallOptions {
  /** Calls it off: it rejects with `FLIPT_CALL_ABORTED`, whose cause is the signal's reason. */
  signal?: AbortSignalLike | undefined;
}

/** How long `waitForReady` waits. */
export interface WaitOptions extends CallOptions {
  /** Milliseconds after which it gives up, 0 to 3,600,000. Default the client's `initTimeoutMs`. */
  timeoutMs?: number | undefined;
}

const LONGEST_MS = 3_600_000;

/** Checks what a call was given. Throws one error that names every bad field. */
export function readWaitOptions(options: unknown): WaitOptions {
  const problems: Problem[] = [];
  const signal = readSignal(options, problems);
  const timeoutMs = readTimeout(options, problems);
  refuse(problems);
  return { signal, timeoutMs };
}

/** Checks what a call was given. Throws one error that names every bad field. */
export function readCallOptions(options: unknown): CallOptions {
  const problems: Problem[] = [];
  const signal = readSignal(options, problems);
  refuse(problems);
  return { signal };
}

/** Checks the argument of `setOffline`. */
export function readOffline(offline: unknown): boolean {
  if (typeof offline === 'boolean') {
    return offline;
  }
  const received = typeof offline === 'number' ? String(offline) : describe(offline);
  throw invalidArguments('FLIPT_ARGUMENT_INVALID', [
    { field: 'offline', received, allowed: 'true or false' },
  ]);
}

/** Reads the signal among the options of a call, and notes what is wrong with either. */
export function readSignal(options: unknown, problems: Problem[]): AbortSignalLike | undefined {
  if (options === undefined || options === null) {
    return undefined;
  }
  if (typeof options !== 'object') {
    problems.push({ field: 'options', received: describe(options), allowed: 'an object' });
    return undefined;
  }
  const signal = read(options, 'signal');
  if (signal === undefined || signal === null) {
    return undefined;
  }
  if (!SIGNAL.fits(signal)) {
    problems.push({ field: 'signal', received: describe(signal), allowed: SIGNAL.allowed });
    return undefined;
  }
  return signal as AbortSignalLike;
}

/** Throws when something is wrong with the arguments of a call. */
export function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) {
    throw invalidArguments('FLIPT_ARGUMENT_INVALID', problems);
  }
}

/** The error of a call that was called off. */
export function callAborted(cause: unknown): FliptError {
  return createError('the call was called off by its signal', {
    code: 'FLIPT_CALL_ABORTED',
    cause,
  });
}

/** What a call that settles later needs to know. */
export interface Settling {
  readonly signal: AbortSignalLike | undefined;
  /** The error of a call that was called off. */
  readonly aborted: (reason: unknown) => Error;
  /** The error of a call that failed. */
  readonly failure: (error: NativeError) => Error;
  /** Called before the promise settles. */
  readonly settling: () => void;
}

/** Makes a call that the addon settles later. Called off, it rejects at once and holds the process no longer. */
export function settled<T>(
  start: (settle: (result: Tagged<T>) => void) => NativeCall,
  { signal, aborted, failure, settling }: Settling,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted(signal.reason));
      return;
    }
    const call = start(({ ok, error }) => {
      signal?.removeEventListener('abort', abort);
      settling();
      if (error === undefined) {
        resolve(ok);
      } else {
        reject(failure(error));
      }
    });
    const abort = () => {
      call.abandon();
      reject(aborted(signal?.reason));
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function readTimeout(options: unknown, problems: Problem[]): number | undefined {
  const value =
    typeof options === 'object' && options !== null ? read(options, 'timeoutMs') : undefined;
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_MS) {
    return value;
  }
  const received = typeof value === 'number' ? String(value) : describe(value);
  problems.push({ field: 'timeoutMs', received, allowed: `0 to ${LONGEST_MS} (milliseconds)` });
  return undefined;
}
