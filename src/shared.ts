import { fromNative } from './errors.js';
import { type ClientHost, waking } from './host.js';
import type { NativeClient } from './native.js';
import type { Requests } from './requests.js';
import type { Settings } from './settings.js';

/**
 * Who makes requests for shared clients of this thread by functions of the user. Such clients cannot be had by other
 * threads; all others are found by the addon, which knows those of the whole process.
 */
const inThread = new Set<WeakRef<Requests>>();

/** The native client of a shared handle: on a connection that there is already, else the one that `create` makes. */
export function share(
  settings: Settings,
  host: ClientHost,
  create: () => NativeClient,
): NativeClient {
  if (settings.fetcher === undefined && settings.sources.length === 0) {
    host.requests.credentials.refusal = 'a function, on a client that other threads may share';
    return create();
  }
  for (const requests of living()) {
    const native = requests.areBy(settings) ? another(requests, settings, host) : undefined;
    if (native !== undefined) {
      host.requests = requests;
      return native;
    }
  }
  const native = create();
  inThread.add(new WeakRef(host.requests));
  return native;
}

/** A further handle, unless the options name another client or the last handle is gone. */
function another(
  requests: Requests,
  settings: Settings,
  host: ClientHost,
): NativeClient | undefined {
  for (const native of requests.natives) {
    const { ok, error } = native.another(settings.json, waking(host), host.inbox.kinds);
    if (error === undefined) {
      return ok;
    }
    if (error.code !== 'FLIPT_CLIENT_CLOSED') {
      throw fromNative(error);
    }
  }
  return undefined;
}

/** Those with an open handle; forgets the others. */
function living(): Requests[] {
  const found: Requests[] = [];
  for (const weak of inThread) {
    const requests = weak.deref();
    if (requests !== undefined && requests.natives.length > 0) {
      found.push(requests);
    } else {
      inThread.delete(weak);
    }
  }
  return found;
}
