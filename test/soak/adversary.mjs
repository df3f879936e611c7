import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAuthority } from '../support/certificates.mjs';

const authority = createAuthority();

/** For the option `tlsConfig` of clients. */
export const tlsConfig = { caCertData: authority.cert };

/** Holds the server process, and does to it what the seed says. */
export class Adversary {
  /** The revision in force, or the one that will be when the server is back. */
  revision = 1;
  urls = [];
  /** How often each thing was done. */
  done = {};
  #random;
  #child;
  #gone;
  #ports = { port: 0, tlsPort: 0 };
  #tls = authority.issue();

  constructor(random) {
    this.#random = random;
  }

  async start() {
    const child = fork(join(import.meta.dirname, 'server.mjs'));
    this.#child = child;
    this.#gone = once(child, 'exit');
    const { port, tlsPort } = this.#ports;
    child.send({ start: { port, tlsPort, tls: this.#tls, revision: this.revision } });
    const message = await this.#answer();
    this.#ports = { port: message.port, tlsPort: message.tlsPort };
    this.urls = message.urls;
  }

  /** One piece of trouble, chosen by the seed, for some seconds at most; the server is well afterwards. */
  async trouble() {
    const random = this.#random;
    const kind = random.pick(Object.keys(KINDS));
    this.done[kind] = (this.done[kind] ?? 0) + 1;
    await KINDS[kind](this, random);
    await this.tell({ polls: 'serve', streams: 'serve' });
  }

  /** Puts the next revision in force; `push: false` keeps it from the streams, as a server does that drops one. */
  async change(options = {}) {
    this.revision += 1;
    await this.tell({ revision: this.revision, ...options });
  }

  async changes(count, leastMs, mostMs) {
    for (let made = 0; made < count; made += 1) {
      await this.change();
      await pause(this.#random.between(leastMs, mostMs));
    }
  }

  async tell(message) {
    this.#child.send(message);
    await this.#answer();
  }

  signal(name) {
    this.#child.kill(name);
  }

  async kill() {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  async #answer() {
    const over = new AbortController();
    const message = once(this.#child, 'message', { signal: over.signal });
    message.catch(() => {});
    const end = this.#gone.then(([code, signal]) => {
      over.abort();
      throw new Error(`the server of the soak ended with ${code ?? signal}`);
    });
    return (await Promise.race([message, end]))[0];
  }
}

const POLL_FAULTS = [
  'truncated',
  'reset',
  'hangUp',
  'neverAnswers',
  'stallInBody',
  'html',
  'notJson',
  'brokenGzip',
];
const STREAM_FAULTS = [
  'endAtOnce',
  'endAfterFirst',
  'errorLine',
  'halfLine',
  'silence',
  'headersOnly',
  'garbageLine',
  'reset',
  'html',
];
const STATUSES = [401, 403, 404, 429, 500, 502, 503];

const KINDS = {
  changes: (server, random) => server.changes(random.between(3, 20), 20, 500),
  bursts: (server, random) => server.changes(random.between(20, 60), 0, 5),
  async 'dropped updates'(server, random) {
    await server.change({ push: false });
    await pause(random.between(0, 1_500));
  },
  async 'broken streams'(server, random) {
    await server.tell({ close: random.pick(['end', 'cut', 'reset', 'hangUp']) });
    await server.changes(random.between(1, 5), 50, 300);
  },
  async 'faulty polls'(server, random) {
    const status = { name: 'status', status: random.pick(STATUSES), retryAfter: 1 };
    await server.tell({ polls: random.chance(0.4) ? status : random.pick(POLL_FAULTS) });
    await server.changes(random.between(1, 6), 100, 800);
  },
  async 'faulty streams'(server, random) {
    const status = { name: 'status', status: random.pick(STATUSES), retryAfter: 1 };
    await server.tell({ streams: random.chance(0.3) ? status : random.pick(STREAM_FAULTS) });
    await server.tell({ close: random.pick(['end', 'cut', 'reset']) });
    await server.changes(random.between(1, 6), 100, 800);
    // What still hangs on a fault would hang for as long as a stream may be silent.
    await server.tell({ close: 'reset' });
  },
  async 'slow streams'(server, random) {
    await server.tell({ streams: { name: 'pieces', bytes: random.between(20, 400), everyMs: 1 } });
    await server.tell({ close: 'end' });
    await server.changes(random.between(1, 4), 100, 1_000);
    await server.tell({ streams: 'serve', close: 'cut' });
  },
  async stalls(server, random) {
    server.signal('SIGSTOP');
    await pause(random.between(300, 6_000));
    server.signal('SIGCONT');
    await server.changes(random.between(0, 3), 50, 300);
  },
  async deaths(server, random) {
    await server.kill();
    server.revision += 1;
    await pause(random.between(50, 6_000));
    await server.start();
  },
};
