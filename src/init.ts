import {
  createError,
  describeProblem,
  fromNative,
  invalidArguments,
  type NativeError,
  type Problem,
  unwrap,
} from './errors.js';
import type { AbortSignalLike } from './fetcher.js';
import { type ClientHost, weakly } from './host.js';
import type { Host, NativeAddon, NativeClient } from './native.js';
import type { Settings } from './settings.js';

/** Starts the native client, or throws one error that lists every bad option, whichever side noticed it. */
export function start(addon: NativeAddon, settings: Settings, host: ClientHost): NativeClient {
  if (settings.problems.length > 0) {
    throw invalid([...settings.problems, ...problemsOfTheRest(addon, settings.json)]);
  }
  const client = unwrap(
    addon.createClient(settings.json, weakly(host, settings.fetcher !== undefined)),
  );
  host.native = client;
  return client;
}

/** Settles when the first load does, or rejects as soon as the signal is aborted. */
export function untilReady(
  client: NativeClient,
  host: ClientHost,
  signal?: AbortSignalLike,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    client.ready(({ error }) => {
      signal?.removeEventListener('abort', abort);
      if (error === undefined) {
        resolve();
      } else {
        reject(failure(error, host));
      }
    });
    if (signal?.aborted) {
      abort();
    }
  });
}

/** The error to throw; what a callback of the user failed with is its cause. */
export function failure(error: NativeError, host: ClientHost): Error {
  switch (error.code) {
    case 'FLIPT_FETCHER_FAILED':
      return fromNative(error, host.fetchFailure);
    case 'FLIPT_CREDENTIAL_FAILED':
      return fromNative(error, host.credentials.failure);
    default:
      return fromNative(error);
  }
}

/** The error of an `init` that was called off. */
export function aborted(cause: unknown): Error {
  return createError('init was called off by its signal', { code: 'FLIPT_INIT_ABORTED', cause });
}

/** What the engine says of the other options. Nothing is ever sent: the requests of this client lead nowhere. */
function problemsOfTheRest(addon: NativeAddon, json: string): readonly Problem[] {
  const nowhere: Host = {
    log: () => {},
    fetch: () => {},
    abortFetch: () => {},
    obtainCredential: () => {},
    abortCredential: () => {},
    releaseCredential: () => {},
  };
  const { ok, error } = addon.createClient(json, nowhere);
  ok?.shutDown();
  return error?.problems ?? [];
}

function invalid(problems: readonly Problem[]): Error {
  const texts = problems.map((problem) => {
    const hint = problem.suggestion === undefined ? '' : ` (did you mean ${problem.suggestion}?)`;
    return describeProblem(problem) + hint;
  });
  const message = `invalid options: ${texts.join('; ')}`;
  return invalidArguments('FLIPT_OPTION_INVALID', problems, message);
}
