// An HTTP proxy on loopback: CONNECT tunnels, plain forwarding, credentials, and counters of both.

import { createServer, request as forward } from 'node:http';
import { connect } from 'node:net';

/**
 * `{ username, password, port }`: what clients have to authenticate with (default nothing) and where it listens.
 * `setBehaviour`: `serve`, `{ status }` to refuse, or `silence` to accept and never answer.
 */
export async function startProxy(options = {}) {
  const proxy = new TestProxy(options);
  await proxy.open();
  return proxy;
}

class TestProxy {
  /** Targets of CONNECT (`host:port`) and of plain requests (the whole URL), in order of arrival. */
  tunnels = [];
  forwards = [];
  /** Requests that came without the right credentials. */
  refused = 0;
  #options;
  #http;
  #sockets = new Set();
  #behaviour = 'serve';

  constructor(options) {
    this.#options = options;
  }

  /** The URL for clients, with the credentials. */
  get url() {
    const { username, password } = this.#options;
    const user =
      username === undefined
        ? ''
        : `${encodeURIComponent(username)}:${encodeURIComponent(password ?? '')}@`;
    return `http://${user}127.0.0.1:${this.port}`;
  }

  get connections() {
    return this.#sockets.size;
  }

  setBehaviour(behaviour) {
    this.#behaviour = behaviour;
  }

  /** Takes its port, the same as before. */
  async open() {
    const http = createServer((request, response) => this.#forward(request, response));
    this.#http = http;
    http.on('connect', (request, socket, head) => this.#tunnel(request, socket, head));
    http.on('connection', (socket) => this.#track(socket));
    await new Promise((resolve, reject) => {
      http.once('error', reject);
      http.listen(this.port ?? this.#options.port ?? 0, '127.0.0.1', resolve);
    });
    this.port = http.address().port;
  }

  /** Gives its port up and breaks every connection. */
  async close() {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  #tunnel(request, socket, head) {
    this.tunnels.push(request.url);
    const status = this.#refusal(request);
    if (status === 0) return;
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hostname.replaceAll(/[[\]]/g, ''));
    this.#track(target);
    target.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.once('error', () => {
      if (target.connecting || target.pending) socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    target.once('close', () => socket.destroy());
    socket.once('close', () => target.destroy());
  }

  #forward(request, response) {
    this.forwards.push(request.url);
    const status = this.#refusal(request);
    if (status === 0) return;
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    const {
      'proxy-authorization': _secret,
      'proxy-connection': _hop,
      ...headers
    } = request.headers;
    const target = forward(
      request.url,
      { method: request.method, headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
      },
    );
    target.on('socket', (socket) => this.#track(socket));
    target.on('error', () =>
      response.headersSent ? response.destroy() : response.writeHead(502).end(),
    );
    response.once('close', () => target.destroy());
    request.pipe(target);
  }

  /** The status to refuse a request with, 0 for no answer at all, undefined when it is welcome. */
  #refusal({ headers }) {
    if (this.#behaviour === 'silence') return 0;
    if (this.#behaviour !== 'serve') return this.#behaviour.status;
    const { username, password = '' } = this.#options;
    if (username === undefined) return undefined;
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    if (headers['proxy-authorization'] === expected) return undefined;
    this.refused += 1;
    return 407;
  }

  #track(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
