import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/**
 * A package registry on loopback that knows the given tarballs and nothing else.
 *
 * `packages` are `{ manifest, file }`. Resolves to `{ url, close }`.
 */
export async function startRegistry(packages) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://registry').pathname).slice(1);
    const tarball = packages.find(({ manifest }) => path === tarballPath(manifest));
    const named = packages.find(({ manifest }) => path === manifest.name);
    if (tarball) {
      response.end(readFileSync(tarball.file));
    } else if (named) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(packument(named, `http://${request.headers.host}`)));
    } else {
      response.statusCode = 404;
      response.end('{"error":"not found"}');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const tarballPath = ({ name, version }) => `${name}/-/${version}.tgz`;

function packument({ manifest, file }, origin) {
  const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  const dist = { tarball: `${origin}/${tarballPath(manifest)}`, integrity };
  return {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  };
}
