import { once } from 'node:events';
import { createServer, request } from 'node:http';

/**
 * Stands before a registry on loopback, keeps a record of what it accepted, and fails on request. Resolves to
 * `{ url, accepted, fail, close }`; `accepted` are the names of the packages whose publication the registry answered
 * with success, in that order.
 *
 * `fail(name, how)` spoils the next publication of one package: `refused` cuts the connection before the registry hears
 * of it, `unanswered` cuts it when the registry has accepted.
 */
export async function startGate(registry) {
  const accepted = [];
  let fault;
  const takeFault = (name) => {
    if (fault === undefined || fault.name !== name) return undefined;
    const { how } = fault;
    fault = undefined;
    return how;
  };
  const server = createServer((incoming, outgoing) => {
    const name = published(incoming);
    const how = takeFault(name);
    if (how === 'refused') {
      incoming.socket.destroy();
      return;
    }
    const forwarded = request(
      new URL(incoming.url, registry),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (name !== undefined && answer.statusCode < 300) accepted.push(name);
        if (how === 'unanswered') {
          incoming.socket.destroy();
          return;
        }
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.once('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    accepted,
    fail(name, how) {
      fault = { name, how };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The package that a request publishes, if it does. */
function published({ method, url }) {
  if (method !== 'PUT' || url.startsWith('/-/')) return undefined;
  return decodeURIComponent(url.slice(1));
}
