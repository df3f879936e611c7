// The streams of a server: newline-delimited JSON, pushed to everyone who listens to a namespace.

import { setTimeout as pause } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';

/** Every stream that is open, whether it is served or misbehaves. */
export class StreamHub {
  #streams = new Set();

  get size() {
    return this.#streams.size;
  }

  /** Those that are served as by a healthy server. */
  get listening() {
    return [...this.#streams].filter(({ isListening }) => isListening).length;
  }

  /** Takes a request for a stream in; `digest` is the state that the client says it has. */
  open(exchange, { namespace, digest }) {
    const stream = new FlagStream(exchange, namespace, digest);
    this.#streams.add(stream);
    exchange.onEnd(() => {
      stream.isOver = true;
      this.#streams.delete(stream);
    });
    return stream;
  }

  /** Sends flag state to everyone who listens and does not have it. */
  publish(namespace, snapshot) {
    for (const stream of this.#streams) {
      if (stream.isListening && stream.namespace === namespace) {
        stream.update(snapshot);
      }
    }
  }

  /** Ends every stream: `end` as a server does, `cut` inside the chunked body, `reset`, or `hangUp`. */
  close(how) {
    for (const stream of [...this.#streams]) {
      stream.finish(how);
    }
  }
}

/** One open stream. Nothing goes out before its first message, not even the head. */
export class FlagStream {
  isListening = false;
  isOver = false;
  /** Messages that were sent. */
  sent = 0;
  /** How messages are cut: `{ bytes, everyMs }`. Undefined: as Flipt, a line and its newline. */
  pieces;
  #exchange;
  #digest;
  #gzip;
  #last = Promise.resolve();
  #afterMessage = () => {};

  constructor(exchange, namespace, digest) {
    this.#exchange = exchange;
    this.namespace = namespace;
    this.#digest = digest;
  }

  /** From now on the client gets what is published; at once what it does not have. */
  listen(snapshot) {
    this.isListening = true;
    if (snapshot !== undefined) {
      this.update(snapshot);
    }
  }

  /** Runs `action` after each message. */
  onMessage(action) {
    this.#afterMessage = action;
  }

  /** Sends flag state unless the client has it. */
  update(snapshot) {
    return snapshot.digest === this.#digest ? this.#last : this.message(snapshot);
  }

  /** Sends flag state in any case, after whatever is being sent. */
  message(snapshot) {
    this.#digest = snapshot.digest;
    const line = lineOf(snapshot);
    this.#last = this.#last.then(async () => {
      await this.#cut(line);
      this.sent += 1;
      this.#afterMessage();
    });
    return this.#last;
  }

  errorLine(code, message) {
    this.write(JSON.stringify({ error: { code, message, details: [] } }));
    this.write('\n');
  }

  /** The head, which a Flipt server never sends by itself. */
  head() {
    const { response, acceptsGzip } = this.#exchange;
    if (response.headersSent || this.isOver) {
      return;
    }
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(acceptsGzip && { 'content-encoding': 'gzip', vary: 'Accept-Encoding' }),
    });
    if (acceptsGzip) {
      this.#gzip = createGzip({ level: 1 });
      this.#gzip.on('data', (chunk) => response.write(chunk));
      this.#gzip.on('end', () => response.end());
    }
    response.flushHeaders?.();
  }

  /** A complete answer in place of a stream. */
  answer(status, contentType, body) {
    this.#exchange.respond(status, { 'content-type': contentType }, body);
  }

  /** Raw bytes, on their way at once. */
  write(bytes) {
    if (this.isOver) {
      return;
    }
    this.head();
    if (this.#gzip === undefined) {
      this.#exchange.response.write(bytes);
    } else {
      this.#gzip.write(bytes);
      this.#gzip.flush(constants.Z_SYNC_FLUSH);
    }
  }

  /** Resolves once everything written has left the compressor. */
  flushed() {
    const target = this.#gzip ?? this.#exchange.response;
    return new Promise((resolve) => {
      this.#gzip ? target.flush(constants.Z_SYNC_FLUSH, resolve) : target.write('', resolve);
    });
  }

  finish(how = 'end') {
    if (how === 'end') {
      this.head();
      this.isOver = true;
      (this.#gzip ?? this.#exchange.response).end();
    } else if (how === 'cut') {
      this.#exchange.hangUpAfterwards();
    } else {
      this.#exchange[how]();
    }
  }

  async #cut(line) {
    if (this.pieces === undefined) {
      this.write(line);
      // Node 26 sends what is written in one tick as one chunk.
      await this.flushed();
      this.write('\n');
      return;
    }
    const { bytes, everyMs } = this.pieces;
    const whole = Buffer.concat([line, Buffer.from('\n')]);
    for (let start = 0; start < whole.length && !this.isOver; start += bytes) {
      this.write(whole.subarray(start, start + bytes));
      await (everyMs > 0 ? pause(everyMs) : this.flushed());
    }
  }
}

/** The line of a snapshot, without its newline. */
export function lineOf({ body }) {
  const text = body.includes('\n') ? JSON.stringify(JSON.parse(body.toString())) : body;
  return Buffer.concat([Buffer.from('{"result":'), Buffer.from(text), Buffer.from('}')]);
}
