// A Flipt server for tests on loopback: serves snapshots as Flipt does, and misbehaves on request.

import { createHash } from 'node:crypto';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { gzipSync } from 'node:zlib';
import { faults } from './faults.mjs';

const SNAPSHOT_PATHS = [
  /^\/internal\/v1\/evaluation\/snapshot\/namespace\/([^/]+)$/,
  /^\/client\/v2\/environments\/([^/]+)\/namespaces\/([^/]+)\/snapshot$/,
];

export async function startServer(options = {}) {
  const server = new FliptServer(options);
  await server.listen();
  return server;
}

class FliptServer {
  requests = [];
  #options;
  #http;
  #snapshots = new Map();
  #behaviour = 'serve';
  #sockets = new Set();
  #exchanges = new Set();
  #aborted = 0;
  #waiters = new Set();
  #closing;

  constructor(options) {
    this.#options = {
      host: '127.0.0.1',
      port: 0,
      basePath: '',
      namespace: 'default',
      environments: ['default'],
      ...options,
    };
    if (options.snapshot !== undefined) {
      this.setSnapshot(options.snapshot);
    }
    if (options.behaviour !== undefined) {
      this.setBehaviour(options.behaviour);
    }
  }

  async listen() {
    const onRequest = (request, response) => this.#receive(request, response);
    const { tls, host, port } = this.#options;
    this.#http = tls ? createTlsServer(tls, onRequest) : createPlainServer(onRequest);
    this.#http.keepAliveTimeout = 0;
    this.#http.requestTimeout = 0;
    this.#http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#settle();
      });
      this.#settle();
    });
    await new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, host, resolve);
    });
    this.port = this.#http.address().port;
    this.url = `${tls ? 'https' : 'http'}://${host}:${this.port}${this.#options.basePath}`;
  }

  /** Sockets that clients hold open right now. */
  get connections() {
    return this.#sockets.size;
  }

  /** Exchanges that the client gave up before the answer was complete. */
  get aborted() {
    return this.#aborted;
  }

  /** Puts a body in force: text, bytes, or a value to be written as JSON. */
  setSnapshot(body, { namespace = this.#options.namespace, etag } = {}) {
    const bytes = toBytes(body);
    this.#snapshots.set(namespace, { body: bytes, etag: etag ?? digestOf(bytes) });
  }

  removeNamespace(namespace = this.#options.namespace) {
    this.#snapshots.delete(namespace);
  }

  /** See server.d.mts for what a behaviour may be. */
  setBehaviour(behaviour) {
    this.#behaviour = Array.isArray(behaviour) ? [...behaviour] : behaviour;
  }

  /** Resolves with the requests as soon as `count` of them have arrived since the start. */
  waitForRequests(count) {
    return this.#until(`request ${count}`, () => this.requests.length >= count && this.requests);
  }

  /** Resolves as soon as exactly `count` sockets are open. */
  waitForConnections(count) {
    return this.#until(`${count} connections`, () => this.#sockets.size === count);
  }

  /** Resolves as soon as clients gave up `count` exchanges since the start. */
  waitForAborted(count) {
    return this.#until(`abort ${count}`, () => this.#aborted >= count);
  }

  close() {
    this.#closing ??= new Promise((resolve) => {
      for (const waiter of this.#waiters) {
        waiter.reject(new Error(`the server closed while waiting for ${waiter.what}`));
      }
      this.#waiters.clear();
      for (const exchange of this.#exchanges) {
        exchange.end();
      }
      this.#http.close(() => resolve());
      for (const socket of this.#sockets) {
        socket.destroy();
      }
    });
    return this.#closing;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  #receive(request, response) {
    const exchange = new Exchange(request, response, this.requests.length, () =>
      this.#serve(exchange),
    );
    this.#exchanges.add(exchange);
    response.once('close', () => {
      this.#exchanges.delete(exchange);
      exchange.end();
      if (!response.writableFinished && !exchange.cut) {
        this.#aborted += 1;
      }
      this.#settle();
    });
    this.requests.push({
      method: request.method,
      path: request.url,
      headers: request.headers,
      at: performance.now(),
    });
    this.#settle();
    this.#apply(this.#nextBehaviour(), exchange);
  }

  #nextBehaviour() {
    if (!Array.isArray(this.#behaviour)) {
      return this.#behaviour;
    }
    return this.#behaviour.length > 1 ? this.#behaviour.shift() : this.#behaviour[0];
  }

  async #apply(behaviour, exchange) {
    if (typeof behaviour === 'function') {
      const chosen = await behaviour(exchange);
      return chosen === undefined ? undefined : this.#apply(chosen, exchange);
    }
    const { name, ...parameters } = typeof behaviour === 'string' ? { name: behaviour } : behaviour;
    if (name === 'serve') {
      return exchange.serve();
    }
    const fault = faults[name];
    if (fault === undefined) {
      throw new Error(`there is no behaviour named ${name}`);
    }
    return fault(exchange, parameters, this.#found(exchange).snapshot);
  }

  #serve(exchange) {
    const { problem, snapshot } = this.#found(exchange);
    if (problem !== undefined) {
      return exchange.json(...problem);
    }
    if (exchange.request.headers['if-none-match'] === snapshot.etag) {
      exchange.respond(304, { etag: snapshot.etag });
      return;
    }
    exchange.respond(
      200,
      { 'content-type': 'application/json', etag: snapshot.etag },
      snapshot.body,
    );
  }

  /** The snapshot that a request asks for, or the answer Flipt gives instead. */
  #found({ request }) {
    const { token, jwt, environments, basePath } = this.#options;
    const expected = token === undefined ? jwt && `JWT ${jwt}` : `Bearer ${token}`;
    if (expected !== undefined && request.headers.authorization !== expected) {
      return { problem: [401, 16, 'request was not authenticated'] };
    }
    const path = request.url.split('?', 1)[0];
    const match = path.startsWith(basePath) && matchOf(path.slice(basePath.length));
    if (!match || request.method !== 'GET') {
      return { problem: [404, 5, 'Not Found'] };
    }
    const environment =
      request.headers['x-flipt-environment'] ?? match.environment ?? environments[0];
    if (!environments.includes(environment)) {
      const text = `failed to get environment "${environment}" from context: environment: "${environment}" not found`;
      return { problem: [404, 5, text] };
    }
    const snapshot = this.#snapshots.get(match.namespace);
    if (snapshot === undefined) {
      return {
        problem: [404, 5, `evaluation snapshot for namespace "${match.namespace}" not found`],
      };
    }
    return { snapshot };
  }

  #until(what, reached) {
    const value = reached();
    if (value) {
      return Promise.resolve(value);
    }
    if (this.#closing !== undefined) {
      return Promise.reject(new Error(`the server is closed; nobody can wait for ${what}`));
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add({ what, reached, resolve, reject });
    });
  }

  #settle() {
    for (const waiter of this.#waiters) {
      const value = waiter.reached();
      if (value) {
        this.#waiters.delete(waiter);
        waiter.resolve(value);
      }
    }
  }
}

/** One request with its response, and the ways to answer it. */
class Exchange {
  /** Set when the server itself ends the exchange early, so that it does not count as given up. */
  cut = false;
  serve;
  #cleanups = [];

  constructor(request, response, index, serve) {
    this.request = request;
    this.response = response;
    this.index = index;
    this.serve = serve;
    response.on('error', () => {});
  }

  get acceptsGzip() {
    return /\bgzip\b/.test(this.request.headers['accept-encoding'] ?? '');
  }

  /** A complete answer, compressed when the client asks for it. */
  respond(status, headers = {}, body = undefined) {
    const bytes = body === undefined ? undefined : toBytes(body);
    const gzip = bytes !== undefined && bytes.length > 0 && this.acceptsGzip;
    const sent = gzip ? gzipSync(bytes, { level: 1 }) : bytes;
    this.response.writeHead(status, {
      ...headers,
      ...(gzip && { 'content-encoding': 'gzip', vary: 'Accept-Encoding' }),
      ...(sent !== undefined && { 'content-length': sent.length }),
    });
    this.response.end(sent);
  }

  /** An error in the form of Flipt's gateway. */
  json(status, code, message, headers = {}) {
    const body = JSON.stringify({ code, message, details: [] });
    this.respond(status, { 'content-type': 'application/json', ...headers }, body);
  }

  /** Runs `cleanup` when the exchange is over, whoever ended it. */
  onEnd(cleanup) {
    this.#cleanups.push(cleanup);
  }

  end() {
    for (const cleanup of this.#cleanups.splice(0)) {
      cleanup();
    }
  }
}

function matchOf(path) {
  const internal = SNAPSHOT_PATHS[0].exec(path);
  if (internal) {
    return { namespace: decodeURIComponent(internal[1]) };
  }
  const client = SNAPSHOT_PATHS[1].exec(path);
  return (
    client && {
      environment: decodeURIComponent(client[1]),
      namespace: decodeURIComponent(client[2]),
    }
  );
}

function toBytes(body) {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    return Buffer.from(body);
  }
  return Buffer.from(JSON.stringify(body));
}

/** The body's own digest as v2 has it, else a hash of the bytes as v1 sends it. */
function digestOf(bytes) {
  try {
    const { digest } = JSON.parse(bytes.toString());
    if (typeof digest === 'string' && digest !== '') {
      return digest;
    }
  } catch {
    // Not JSON: a body that a test serves on purpose.
  }
  return createHash('sha1').update(bytes).digest('hex');
}
