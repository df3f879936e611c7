import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const dist = join(import.meta.dirname, '../../dist');

export const { FliptClient } = require(dist);

/** The private switch between the paths, and their counters. */
export const { counters, forcePath } = require(join(dist, 'internal.js'));

/** A machine that is emulated, or busy, is slow and not wrong. */
const patient = { initTimeoutMs: 3_600_000, requestTimeout: 3_600 };

/** A client of ours whose only load is the given response body. */
export function openFetched(namespace, body, Client = FliptClient) {
  const fetcher = async () => new Response(body, { status: 200, headers: { etag: 'conformance' } });
  return Client.init({ namespace, updateInterval: 0, fetcher, ...patient });
}

/** A client that loads the bodies one after the other, the next at each refresh. */
export function openChanging(namespace, bodies) {
  const left = [...bodies];
  const fetcher = async () => new Response(left.shift(), { status: 200 });
  return FliptClient.init({ namespace, updateInterval: 0, fetcher, ...patient });
}

/** A client that knows nothing but a portable snapshot. */
export function openImported(namespace, snapshot, Client = FliptClient) {
  const fetcher = async () => new Response('{}', { status: 404 });
  return Client.init({
    namespace,
    snapshot,
    errorStrategy: 'fallback',
    updateInterval: 0,
    fetcher,
    ...patient,
  });
}

/** A client of a running server. */
export function openLive(namespace, url) {
  return FliptClient.init({ url, namespace, updateInterval: 0 });
}
