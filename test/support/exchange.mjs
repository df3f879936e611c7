import { constants } from 'node:http2';
import { gzipSync } from 'node:zlib';

/** One request with its response, and the ways to answer it. */
export class Exchange {
  /** Set when the server itself ends the exchange early, so that it does not count as given up. */
  cut = false;
  serve;
  #connection;
  #cleanups = [];

  constructor(request, response, { index, channel, connection, serve }) {
    this.request = request;
    this.response = response;
    this.index = index;
    this.channel = channel;
    this.serve = serve;
    this.#connection = connection;
    response.on('error', () => {});
  }

  get acceptsGzip() {
    return /\bgzip\b/.test(this.request.headers['accept-encoding'] ?? '');
  }

  get isHttp2() {
    return this.request.httpVersionMajor === 2;
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

  /** An error in the form of Flipt's gateway, which wraps those of streams once more. */
  json(status, code, message, headers = {}) {
    const error = { code, message, details: [] };
    const body = JSON.stringify(this.channel === 'stream' ? { error } : error);
    this.respond(status, { 'content-type': 'application/json', ...headers }, body);
  }

  /** Breaks off with a reset: of the connection, or of the stream on HTTP/2. */
  reset() {
    this.cut = true;
    if (this.isHttp2) {
      this.response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    } else {
      this.#connection?.socket.resetAndDestroy();
    }
  }

  /** Closes the connection. */
  hangUp() {
    this.cut = true;
    this.#connection?.socket.destroy();
  }

  /** Closes the connection once everything written so far has gone out. */
  hangUpAfterwards() {
    this.cut = true;
    if (this.isHttp2) {
      this.response.stream.session?.destroy();
    } else {
      this.request.socket.end();
    }
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

export function toBytes(body) {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    return Buffer.from(body);
  }
  return Buffer.from(JSON.stringify(body));
}
