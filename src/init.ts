import { settled } from './calls.js';
import { createError, describeProblem, invalidArguments, type Problem, unwrap } from './errors.js';
import type { EventHub } from './events.js';
import type { AbortSignalLike } from './fetcher.js';
import { type ClientHost, weakly } from './host.js';
import type { Host, NativeAddon, NativeClient } from './native.js';
import type { Settings } from './settings.js';
import { share } from './shared.js';

/**
 * Starts the native client, or joins that of another handle where it is shared. Throws one error that lists every bad
 * option, whichever side noticed it.
 */
export function start(
  addon: NativeAddon,
  settings: Settings,
  host: ClientHost,
  isShared: boolean,
): NativeClient {
  if (settings.problems.length > 0) {
    throw invalid([...settings.problems, ...problemsOfTheRest(addon, settings.json)]);
  }
  listen(host.inbox.events, settings);
  try {
    const create = (make: NativeAddon['createClient']) => {
      const callbacks = weakly(host, settings.fetcher !== undefined);
      return unwrap(make(settings.json, callbacks, environment(addon)));
    };
    const native = isShared
      ? share(settings, host, () => create(addon.shareClient))
      : create(addon.createClient);
    host.attach(native);
    return native;
  } catch (error) {
    host.inbox.events.close();
    throw error;
  }
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

/** Registers the listeners among the options. */
export function listen(
  events: EventHub,
  { onReady, onUpdate, onError }: Pick<Settings, 'onReady' | 'onUpdate' | 'onError'>,
): void {
  if (onReady !== undefined) {
    events.on('ready', onReady);
  }
  if (onUpdate !== undefined) {
    events.on('change', onUpdate);
  }
  if (onError !== undefined) {
    events.on('error', onError);
  }
}

/** What the engine says of the other options. Nothing is ever sent: the requests of this client lead nowhere. */
function problemsOfTheRest(addon: NativeAddon, json: string): readonly Problem[] {
  const nowhere: Host = {
    wake: () => {},
    kinds: [],
    // Files cannot be combined with a fetcher, and no request is made for them.
    ...('source' in JSON.parse(json) ? {} : { fetch: () => {}, abortFetch: () => {} }),
    obtainCredential: () => {},
    abortCredential: () => {},
    releaseCredential: () => {},
  };
  const { ok, error } = addon.createClient(json, nowhere, environment(addon));
  ok?.shutDown();
  return (error?.problems ?? []) as readonly Problem[];
}

/** What this thread sees of the variables that clients heed; each worker thread may have an environment of its own. */
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
