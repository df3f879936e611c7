// What a path asks for, as a Flipt server sees it.

const ENVIRONMENT = /^\/client\/v2\/environments\/([^/]+)\/namespaces\/([^/]+)\/(snapshot|stream)$/;
const INTERNAL = /^\/internal\/v1\/evaluation\/snapshot\/namespace\/([^/]+)$/;
const EXCHANGE = '/auth/v1/method/kubernetes/serviceaccount';

/** `{ channel, namespace?, environment?, digest? }`; the channel is poll, stream, exchange or other. */
export function routeOf(request, basePath) {
  const [path, query = ''] = request.url.split('?', 2);
  if (!path.startsWith(basePath)) {
    return { channel: 'other' };
  }
  const rest = path.slice(basePath.length);
  if (rest === EXCHANGE && request.method === 'POST') {
    return { channel: 'exchange' };
  }
  if (request.method !== 'GET') {
    return { channel: 'other' };
  }
  const internal = INTERNAL.exec(rest);
  if (internal !== null) {
    return { channel: 'poll', namespace: decodeURIComponent(internal[1]) };
  }
  const client = ENVIRONMENT.exec(rest);
  if (client === null) {
    return { channel: 'other' };
  }
  return {
    channel: client[3] === 'stream' ? 'stream' : 'poll',
    environment: decodeURIComponent(client[1]),
    namespace: decodeURIComponent(client[2]),
    digest: new URLSearchParams(query).get('digest') ?? '',
    isClientPath: true,
  };
}

/** The answer that Flipt gives instead of flag state, as arguments of `Exchange.json`; undefined when there is none. */
export function problemOf(request, route, { authorizations, environments }) {
  if (authorizations !== undefined && !authorizations.has(request.headers.authorization)) {
    return [401, 16, 'request was not authenticated'];
  }
  if (route.channel === 'other') {
    return [404, 5, 'Not Found'];
  }
  const named = request.headers['x-flipt-environment'];
  if (named !== undefined && !environments.includes(named)) {
    const text = `failed to get environment "${named}" from context: environment: "${named}" not found`;
    return [404, 5, text];
  }
  if (route.channel === 'stream' && ![0, 40].includes(route.digest.length)) {
    return [400, 3, 'invalid field digest: must be a 40-character string'];
  }
  return undefined;
}
