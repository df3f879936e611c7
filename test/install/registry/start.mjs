import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { runServer } = createRequire(import.meta.url)('verdaccio');

/**
 * A package registry on loopback with its storage in `folder`.
 *
 * It keeps the packages named `own` to itself and fetches all others from `upstream`, trusting the authorities of
 * `cafile` besides. Resolves to `{ url, token, close }`; the token is one that may publish.
 */
export async function startRegistry({ folder, upstream, cafile, own }) {
  const everyone = { access: '$all', publish: '$authenticated' };
  const server = await runServer({
    self_path: join(folder, 'config.yaml'),
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'users'), max_users: 1 } },
    // The other kind of token holds the password, which is then checked slowly with each request.
    security: { api: { jwt: { sign: { expiresIn: '1d' } } } },
    uplinks: {
      upstream: {
        url: upstream,
        maxage: '60m',
        ...(cafile && { ca: readFileSync(cafile, 'utf8') }),
      },
    },
    packages: {
      ...Object.fromEntries(own.map((name) => [name, everyone])),
      '**': { access: '$all', proxy: 'upstream' },
    },
    max_body_size: '100mb',
    web: { enable: false },
    log: { type: 'file', path: join(folder, 'log'), level: 'warn' },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  return {
    url,
    token: await signUp(url),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Asks for packages that are not its own, one after the other. The first answer takes long, since upstream tells of
 * every version there is; were it the rows that ask first, each of them would start it anew.
 */
export async function fetchAhead({ url }, names) {
  for (const name of names) {
    const response = await fetch(`${url}${name.replace('/', '%2f')}`);
    if (!response.ok)
      throw new Error(`the registry on loopback has no ${name}: ${response.status}`);
    await response.arrayBuffer();
  }
}

async function signUp(url) {
  const name = 'publisher';
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: 'published-on-loopback' }),
  });
  const { token, error } = await response.json();
  if (token === undefined) throw new Error(`the registry on loopback gives no token: ${error}`);
  return token;
}
