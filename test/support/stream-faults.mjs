// Ways in which a stream goes wrong. Each takes the stream, its parameters and the flag state of a healthy server
// (`{ snapshot, previous }`, undefined where it has none). The faults of faults.mjs that answer at once work too.

import { lineOf } from './stream.mjs';

export const streamFaults = {
  /** Nothing at all, not even a head, and no updates. */
  silence() {},

  /** The head, and then nothing. */
  headersOnly(stream) {
    stream.head();
  },

  /** A complete response without any message. */
  endAtOnce(stream) {
    stream.finish('end');
  },

  /** One message, whatever the client has, then the end: `{ how? }`. */
  async endAfterFirst(stream, { how = 'end' }, { snapshot }) {
    await stream.message(snapshot);
    await stream.flushed();
    stream.finish(how);
  },

  /** An error line and the end, after `after` messages, the first of which comes at once: `{ after?, code? }`. */
  errorLine(stream, { after = 0, code = 14, message = 'unavailable' }, { snapshot }) {
    const fail = () => {
      if (stream.sent >= after) {
        stream.errorLine(code, message);
        stream.finish('end');
      }
    };
    stream.onMessage(fail);
    if (after === 0) {
      fail();
    } else {
      stream.message(snapshot);
      stream.listen();
    }
  },

  /** Half of a line, then what `how` says: `reset`, `hangUp`, `cut`, `end`, or nothing any more. */
  async halfLine(stream, { how }, { snapshot }) {
    const line = lineOf(snapshot);
    stream.write(line.subarray(0, line.length / 2));
    await stream.flushed();
    if (how !== undefined) {
      stream.finish(how);
    }
  },

  /** Messages in pieces of `bytes`, one every `everyMs`; else as a healthy server: `{ bytes?, everyMs? }`. */
  pieces(stream, { bytes = 1, everyMs = 0 }, { snapshot }) {
    stream.pieces = { bytes, everyMs };
    stream.listen(snapshot);
  },

  /** A message of at least `bytes`, whatever the client has; then as a healthy server. */
  hugeLine(stream, { bytes = 2 * 1024 * 1024 }, { snapshot }) {
    const padding = Buffer.from(`{"padding":"${'x'.repeat(bytes)}",`);
    const body = Buffer.concat([padding, snapshot.body.subarray(1)]);
    stream.message({ ...snapshot, body });
    stream.listen();
  },

  /** A line that never ends: `bytes` of it, in blocks, then nothing. */
  async endlessLine(stream, { bytes = 4 * 1024 * 1024 }) {
    const block = Buffer.alloc(64 * 1024, 'x');
    stream.write('{"result":{"padding":"');
    for (let sent = 0; sent < bytes && !stream.isOver; sent += block.length) {
      stream.write(block);
      await stream.flushed();
    }
  },

  /** A line that is no message; the stream stays open: `{ text? }`. */
  garbageLine(stream, { text = 'upstream connect error' }) {
    stream.write(`${text}\n`);
  },

  /** First the state before the one in force, as an outdated replica has it; then as a healthy server. */
  stale(stream, _parameters, { previous }) {
    stream.message(previous);
    stream.listen();
  },

  /** The 404 of a server without this endpoint, as v1 answers it. */
  plainNotFound(stream) {
    stream.answer(404, 'text/plain; charset=utf-8', '404 page not found\n');
  },

  /** A proxy's page. */
  html(stream, { status = 404 }) {
    stream.answer(status, 'text/html; charset=utf-8', '<html><body>No route</body></html>');
  },
};
