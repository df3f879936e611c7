// The server that an example talks to, and how its addresses are put into the example.

import { startProxy } from '../support/proxy.mjs';
import { startServer } from '../support/server.mjs';
import { stateOf } from './state.mjs';

const namespaces = ['shop', 'default'];

/** What a `server` directive can ask for. */
const kinds = {
  /** Changes its flags again and again. */
  async changing(server) {
    let revision = 1;
    const timer = setInterval(() => {
      revision += 1;
      publish(server, revision);
    }, 150);
    return { close: () => clearInterval(timer) };
  },
  /** Wants the token `secret`, or the one in the example's FLIPT_CLIENT_TOKEN. */
  async secured(server) {
    server.setAuthorizations(['Bearer secret']);
    return {};
  },
  /** Refuses connections. */
  async away(server) {
    await server.kill();
    return {};
  },
  /** Behind a proxy, whose address stands for `http://localhost:3128`. */
  async proxied() {
    const proxy = await startProxy();
    return { address: ['http://localhost:3128', proxy.url], close: () => proxy.close() };
  },
};

/** A server with the flags of the shop, for one example: `{ rewrite, env, close }`. */
export async function startSurroundings(kind) {
  if (kind !== '' && !Object.hasOwn(kinds, kind)) {
    throw new Error(`no server ${kind}; there are ${Object.keys(kinds).join(', ')}`);
  }
  const server = await startServer({ host: 'localhost' });
  publish(server, 1);
  const extra = kind === '' ? {} : await kinds[kind](server);
  const addresses = [
    ['http://localhost:8080', server.url],
    ...(extra.address ? [extra.address] : []),
  ];
  return {
    rewrite: (text) =>
      addresses
        .reduce((result, [from, to]) => result.replaceAll(from, to), text)
        .replaceAll(/\blocalPort: 8080\b/g, `localPort: ${server.port}`),
    env: { FLIPT_URL: server.url },
    async close() {
      await extra.close?.();
      await server.close();
    },
  };
}

function publish(server, revision) {
  for (const namespace of namespaces) {
    server.setSnapshot(stateOf(revision, namespace), { namespace });
  }
}
