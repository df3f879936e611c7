import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * A registry on loopback that takes what npm publishes and serves it. Resolves to `{ url, packages, answer, close }`:
 * `packages` are its documents by name, and `answer(request)` may give the answer to a request in its place, as
 * `{ status, body }`.
 */
export async function startRegistry() {
  const packages = new Map();
  const tarballs = new Map();
  const registry = { packages, answer: () => undefined };
  const server = createServer(async (request, response) => {
    const body = JSON.parse((await textOf(request)) || '{}');
    const given = registry.answer(request) ?? serve(request, body);
    response.statusCode = given.status ?? 200;
    response.end(Buffer.isBuffer(given.body) ? given.body : JSON.stringify(given.body ?? {}));
  });
  const serve = ({ method, url }, body) => {
    const name = decodeURIComponent(url.slice(1));
    if (method === 'PUT') return publish(name, body);
    if (tarballs.has(url)) return { body: tarballs.get(url) };
    return packages.has(name) ? { body: packages.get(name) } : { status: 404 };
  };
  const publish = (name, body) => {
    const known = packages.get(name) ?? { name, versions: {}, 'dist-tags': {} };
    for (const [version, manifest] of Object.entries(body.versions)) {
      if (version in known.versions) return { status: 409, body: { error: 'there already' } };
      const [attachment] = Object.values(body._attachments);
      const path = `/${name}/-/${version}.tgz`;
      tarballs.set(path, Buffer.from(attachment.data, 'base64'));
      const dist = { ...manifest.dist, tarball: new URL(path, registry.url).href };
      known.versions[version] = { ...manifest, dist };
    }
    Object.assign(known['dist-tags'], body['dist-tags']);
    packages.set(name, known);
    return { status: 201, body: { ok: true } };
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  registry.url = `http://127.0.0.1:${server.address().port}/`;
  registry.close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return registry;
}

async function textOf(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return text;
}
