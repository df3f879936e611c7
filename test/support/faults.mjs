// Ways in which a server, or what stands between, goes wrong. Each takes the exchange, its parameters and the
// snapshot that a healthy server would have served (undefined when it has none).

import { gzipSync } from 'node:zlib';

const GATEWAY_CODES = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  429: 8,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
};
const JSON_TYPE = { 'content-type': 'application/json' };

export const faults = {
  /** An error status with Flipt's JSON body: `{ status, headers?, retryAfter? }`. */
  status(exchange, { status, headers = {}, retryAfter, message = `status ${status}` }) {
    const extra = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    exchange.json(status, GATEWAY_CODES[status] ?? 2, message, { ...extra, ...headers });
  },

  /** Any complete answer: `{ status?, headers?, body? }`. */
  answer(exchange, { status = 200, headers = {}, body }) {
    exchange.respond(status, headers, body);
  },

  /** A page instead of a snapshot, as proxies and the user interface answer: `{ status? }`. */
  html(exchange, { status = 200 }) {
    const page =
      '<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>';
    exchange.respond(status, { 'content-type': 'text/html; charset=utf-8' }, page);
  },

  notJson(exchange, { etag = 'not-json' }) {
    exchange.respond(200, { ...JSON_TYPE, etag }, '{"flags": [oops');
  },

  wrongShape(exchange, { etag = 'wrong-shape', body = '{"flags":"none"}' }) {
    exchange.respond(200, { ...JSON_TYPE, etag }, body);
  },

  /** A complete 200 with a complete header, whose body ends too soon inside a well-formed HTTP message. */
  shortened(exchange, _parameters, snapshot) {
    const body = snapshot.body.subarray(0, snapshot.body.length / 2);
    exchange.respond(200, { ...JSON_TYPE, etag: snapshot.etag }, body);
  },

  /** Announces the whole body, sends half of it and closes the connection. */
  truncated(exchange, _parameters, snapshot) {
    sendHalf(exchange, snapshot, () => exchange.hangUpAfterwards());
  },

  /** Sends half of a chunked body and resets the connection. */
  resetInBody(exchange, _parameters, snapshot) {
    sendHalf(exchange, snapshot, () => exchange.reset());
  },

  /** Resets the connection instead of answering. */
  reset(exchange) {
    exchange.reset();
  },

  /** Closes the connection instead of answering. */
  hangUp(exchange) {
    exchange.hangUp();
  },

  /** Takes the request and never answers. */
  neverAnswers() {},

  /** Writes half of the response head and then nothing; HTTP/2 has no half heads. */
  stallInHeaders(exchange) {
    if (exchange.isHttp2) {
      return;
    }
    exchange.request.socket.write(
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-le',
    );
  },

  /** Sends half of the body and then nothing. */
  stallInBody(exchange, _parameters, snapshot) {
    sendHalf(exchange, snapshot, () => {});
  },

  /** The body in small pieces, for ever slower than any deadline: `{ bytes?, everyMs? }`. */
  drip(exchange, { bytes = 1, everyMs = 20 }, snapshot) {
    const { response } = exchange;
    response.writeHead(200, {
      ...JSON_TYPE,
      etag: snapshot.etag,
      'content-length': snapshot.body.length,
    });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(snapshot.body.subarray(sent, sent + bytes));
      sent += bytes;
      if (sent >= snapshot.body.length) {
        clearInterval(timer);
        response.end();
      }
    }, everyMs);
    exchange.onEnd(() => clearInterval(timer));
  },

  /** `{ location, status? }`; an absolute location on another origin must not be followed. */
  redirect(exchange, { location, status = 302 }) {
    exchange.respond(status, { location });
  },

  /** Some kilobytes that inflate to `{ bytes? }` of a snapshot with nothing in it. */
  gzipBomb(exchange, { bytes = 96 * 1024 * 1024, etag = 'bomb' }) {
    const body = bomb(bytes);
    exchange.response.writeHead(200, {
      ...JSON_TYPE,
      etag,
      'content-encoding': 'gzip',
      'content-length': body.length,
    });
    exchange.response.end(body);
  },

  /** Says gzip, sends something else. */
  brokenGzip(exchange, { etag = 'broken-gzip' }) {
    const body = Buffer.from('this is not gzip');
    exchange.response.writeHead(200, {
      ...JSON_TYPE,
      etag,
      'content-encoding': 'gzip',
      'content-length': body.length,
    });
    exchange.response.end(body);
  },

  /** 304 without an ETag, as proxies answer, when the client sent a condition. */
  bareNotModified(exchange) {
    if (exchange.request.headers['if-none-match'] === undefined) {
      exchange.serve();
    } else {
      exchange.respond(304);
    }
  },

  /** 200 with the snapshot and whatever ETag is given; none when it is null: `{ etag }`. */
  etag(exchange, { etag }, snapshot) {
    exchange.respond(200, etag === null ? JSON_TYPE : { ...JSON_TYPE, etag }, snapshot.body);
  },
};

function sendHalf(exchange, snapshot, afterwards) {
  const { response } = exchange;
  response.writeHead(200, {
    ...JSON_TYPE,
    etag: snapshot.etag,
    'content-length': snapshot.body.length,
  });
  response.write(snapshot.body.subarray(0, snapshot.body.length / 2), afterwards);
}

const bombs = new Map();

function bomb(bytes) {
  let made = bombs.get(bytes);
  if (made === undefined) {
    const inflated = Buffer.alloc(bytes, ' ');
    inflated.write('{"flags":[');
    inflated.write(']}', bytes - 2);
    made = gzipSync(inflated, { level: 9 });
    bombs.set(bytes, made);
  }
  return made;
}
