// Accepts connections on one port, which can be given up and taken again: plain or TLS, HTTP/1.1 and HTTP/2.

import { createServer as createPlainServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** As many as a Flipt server allows on a connection. */
const STREAMS_PER_SESSION = 250;
/** A port that was given up may be in use for a moment as the near end of somebody's connection. */
const REOPEN_ATTEMPTS = 100;

export class Listener {
  /** Every connection since the start, in order of arrival. */
  all = [];
  #open = new Map();
  #held = new Set();
  #options;
  #onChange;
  #http;
  #tcp;
  #frozen = false;

  constructor(options, onRequest, onChange) {
    this.#options = options;
    this.#onChange = onChange;
    this.#http = protocolServer(options, onRequest);
    this.#http.on('session', (session) => {
      const connection = this.#open.get(session.socket.remotePort);
      if (connection !== undefined) connection.protocol = 'h2';
    });
    for (const event of ['tlsClientError', 'sessionError']) {
      this.#http.on(event, (_error, socket) => socket?.destroy?.());
    }
  }

  /** Takes the port: any free one the first time, the same one afterwards. */
  async open() {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#listen();
        return;
      } catch (error) {
        if (error.code !== 'EADDRINUSE' || this.port === undefined || attempt === REOPEN_ATTEMPTS) {
          throw error;
        }
        await pause(20);
      }
    }
  }

  /** Gives the port up and breaks every connection. */
  async shut(how = 'destroy') {
    const tcp = this.#tcp;
    this.#tcp = undefined;
    const closed = tcp && new Promise((resolve) => tcp.close(resolve));
    for (const { socket } of this.#open.values()) {
      how === 'reset' ? socket.resetAndDestroy() : socket.destroy();
    }
    await closed;
  }

  /** As a stopped process: the system accepts connections, nobody reads from them. */
  freeze() {
    this.#frozen = true;
  }

  thaw() {
    this.#frozen = false;
    for (const socket of this.#held) this.#serve(socket);
    this.#held.clear();
  }

  /** Certificate and key for connections to come. */
  setTls(tls) {
    this.#http.setSecureContext(tls);
  }

  get size() {
    return this.#open.size;
  }

  /** The connection that a request came by; undefined when it is closed already. */
  connectionOf(request) {
    return this.#open.get(request.socket?.remotePort);
  }

  #listen() {
    const { host, port } = this.#options;
    const tcp = createTcpServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    this.#tcp = tcp;
    return new Promise((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(this.port ?? port, host, () => {
        this.port = tcp.address().port;
        resolve();
      });
    });
  }

  #accept(socket) {
    const connection = new Connection(socket);
    const { remotePort } = socket;
    this.all.push(connection);
    this.#open.set(remotePort, connection);
    socket.on('error', () => {});
    socket.once('close', () => {
      connection.closedAt = performance.now();
      if (this.#open.get(remotePort) === connection) this.#open.delete(remotePort);
      this.#held.delete(socket);
      this.#onChange();
    });
    if (this.#frozen) {
      this.#held.add(socket);
    } else {
      this.#serve(socket);
    }
    this.#onChange();
  }

  #serve(socket) {
    if (!socket.destroyed) {
      this.#http.emit('connection', socket);
      socket.resume();
    }
  }
}

/** One TCP connection of a client. */
class Connection {
  openedAt = performance.now();
  closedAt = undefined;
  protocol = 'http/1.1';
  /** What it was used for, one `{ channel, from }` a time that this changed. */
  uses = [];
  /** Requests that are being answered. */
  active = 0;
  peakActive = 0;

  constructor(socket) {
    this.socket = socket;
  }

  begin(channel) {
    if (this.uses.at(-1)?.channel !== channel) {
      this.uses.push({ channel, from: performance.now() });
    }
    this.active += 1;
    this.peakActive = Math.max(this.peakActive, this.active);
  }

  end() {
    this.active -= 1;
  }
}

/**
 * The most connections that were used for a channel at the same time. One that ends within `graceMs` after the next one
 * began was being replaced by it, and does not count: the order in which the two are noticed is chance.
 */
export function peakConnections(connections, channel, graceMs) {
  const moments = connections
    .flatMap((connection) => spans(connection, channel))
    .map(([from, to]) => [from, to - graceMs])
    .filter(([from, to]) => to > from)
    .flatMap(([from, to]) => [
      [from, 1],
      [to, -1],
    ])
    .sort(([a, up], [b, down]) => a - b || up - down);
  let open = 0;
  let peak = 0;
  for (const [, step] of moments) {
    open += step;
    peak = Math.max(peak, open);
  }
  return peak;
}

/** When a connection was used for a channel: until it was used for another, or closed. */
function spans({ uses, closedAt = Number.POSITIVE_INFINITY }, channel) {
  return uses
    .map((use, index) => [use.channel, use.from, uses[index + 1]?.from ?? closedAt])
    .filter(([used]) => used === channel)
    .map(([, from, to]) => [from, to]);
}

function protocolServer({ tls, http2 = true }, onRequest) {
  const server = !tls
    ? createPlainServer(onRequest)
    : http2
      ? createSecureServer(
          { allowHTTP1: true, settings: { maxConcurrentStreams: STREAMS_PER_SESSION }, ...tls },
          onRequest,
        )
      : createTlsServer(tls, onRequest);
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  return server;
}
