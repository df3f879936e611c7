import { settled } from './calls.js';
import { createError, describeProblem, invalidArguments, type Problem, unwrap } from './errors.js';
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
    addon.createClient(
      settings.json,
      weakly(host, settings.fetcher !== undefined),
      environment(addon),
    ),
  );
  host.native = client;
  host.environment = settings.environment;
  return client;
}

/** Settles when the first load does, or rejects as soon as the signal is aborted. */
export async function untilReady(
  client: NativeClient,
  host: ClientHost,
  signal: AbortSignalLike | undefined,
): Promise<void> {
  await settled((settle) => client.ready(settle), {
    signal,
    aborted,
    failure: (error) => host.failure(error),
    settling: () => host.inbox.drain(),
  });
}

/** The error of an `init` that was called off. */
export function aborted(cause: unknown): Error {
  return createError('init was called off by its signal', { code: 'FLIPT_INIT_ABORTED', cause });
}

/** What the engine says of the other options. Nothing is ever sent: the requests of this client lead nowhere. */
function problemsOfTheRest(addon: NativeAddon, json: string): readonly Problem[] {
  const nowhere: Host = {
    wake: () => {},
    kinds: [],
    fetch: () => {},
    abortFetch: () => {},
    obtainCredential: () => {},
    abortCredential: () => {},
    releaseCredential: () => {},
  };
  const { ok, error } = addon.createClient(json, nowhere, {});
  ok?.shutDown();
  return error?.problems ?? [];
}

/** What this thread sees of the variables that connections heed; each worker thread may have an environment of its own. */
function environment(addon: NativeAddon): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of addon.environmentNames()) {
    const value = process.env[name];
    if (value !== undefined) {
      variables[name] = value;
    }
  }
  return variables;
}

function invalid(problems: readonly Problem[]): Error {
  const texts = problems.map((problem) => {
    const hint = problem.suggestion === undefined ? '' : ` (did you mean ${problem.suggestion}?)`;
    return describeProblem(problem) + hint;
  });
  const message = `invalid options: ${texts.join('; ')}`;
  return invalidArguments('FLIPT_OPTION_INVALID', problems, message);
}
