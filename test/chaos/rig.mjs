import { createRequire } from 'node:module';
import { join } from 'node:path';
import { startServer } from '../support/server.mjs';
import { Journal } from './journal.mjs';
import { revisionOf, stateOf, wrongAnswers } from './state.mjs';

const require = createRequire(import.meta.url);
/** The built package. */
export const sdk = require(join(import.meta.dirname, '../../dist'));

const GUARD_MS = 25_000;

/** What every client of a scenario is told unless the scenario says otherwise: short times, few attempts. */
const COMMON = {
  retry: { maxRetries: 1, baseDelayMs: 20, maxDelayMs: 200 },
  requestTimeout: 5,
  connectTimeoutMs: 5_000,
  initTimeoutMs: 15_000,
};
const BY_MODE = {
  polling: { updateInterval: 0.1 },
  fetcher: { updateInterval: 0.1 },
  streaming: {
    fetchMode: 'streaming',
    updateInterval: 0.2,
    safetyPollIntervalMs: 60_000,
    streamIdleTimeoutMs: 60_000,
    maxStreamRetries: 2,
  },
};

/** A server, a client of it, and the verbs of which scenarios are made. */
export class Rig {
  mode;
  server;
  client;
  /** Calls of `refresh` and `reconnect`, which the limiter does not hold back. */
  asked = 0;
  revision = 1;
  journal = new Journal();
  healedAt;
  #scenario;
  #isDead = false;
  #isPaused = false;
  #cleanups = [];
  #waiters = new Set();

  constructor(scenario, mode) {
    this.#scenario = scenario;
    this.mode = mode;
    this.journal.onEntry(() => this.wake());
  }

  get streaming() {
    return this.mode === 'streaming';
  }

  get status() {
    return this.client.status;
  }

  /** Starts the server alone. */
  async serve(options = {}) {
    const { server } = this.#scenario;
    const own = typeof server === 'function' ? server(this) : server;
    this.server = await startServer({ snapshot: this.state(), ...own, ...options });
    this.server
      .waitFor('anything', () => {
        this.wake();
        return false;
      })
      .catch(() => {});
    this.defer(() => this.server.close());
  }

  /** Starts the client; resolves with it once it is ready. */
  async open(options = {}) {
    this.client = await sdk.FliptClient.init(this.options(options));
    this.journal.follow(this.client);
    return this.client;
  }

  /** Server and client, and with streaming a stream that has proved to work. */
  async start(options = {}) {
    await this.serve();
    await this.open(options);
    if (this.streaming && !this.#scenario.startsWithoutStream) {
      await this.streamWorks();
    }
  }

  /** Another client of the same server. */
  async another(options = {}) {
    const client = await sdk.FliptClient.init(this.options(options));
    for (const name of ['change', 'status']) client.on(name, () => this.wake());
    this.defer(() => client.close());
    return client;
  }

  options(more = {}) {
    const own = this.#scenario.options;
    const merged = {
      url: this.server.url,
      ...COMMON,
      ...BY_MODE[this.mode],
      ...(this.mode === 'fetcher' && { fetcher: (asked) => this.fetch(asked) }),
      ...(typeof own === 'function' ? own(this) : own),
      ...more,
    };
    return { ...merged, logger: merged.logger ?? this.journal.logger };
  }

  /** What the option `fetcher` does. */
  fetch({ etag, signal }) {
    const headers = etag === undefined ? {} : { 'if-none-match': etag };
    const path = '/internal/v1/evaluation/snapshot/namespace/default';
    return fetch(this.server.url + path, { headers, signal });
  }

  state(revision = this.revision) {
    return stateOf(revision, this.#scenario.state);
  }

  /** Puts the next revision in force on the server. */
  change(options = {}) {
    this.revision += 1;
    this.server.setSnapshot(this.state(), options);
  }

  polls(behaviour) {
    this.healedAt = undefined;
    this.server.setBehaviour(behaviour);
  }

  streams(behaviour) {
    this.healedAt = undefined;
    this.server.setStreamBehaviour(behaviour);
  }

  async kill(how) {
    this.#isDead = true;
    this.healedAt = undefined;
    await this.server.kill(how);
  }

  async restart() {
    this.#isDead = false;
    await this.server.restart();
  }

  pause() {
    this.#isPaused = true;
    this.healedAt = undefined;
    this.server.pause();
  }

  refresh() {
    this.asked += 1;
    return this.client.refresh();
  }

  reconnect() {
    this.asked += 1;
    return this.client.reconnect();
  }

  /** Everything on the server's side is well from now on. */
  async heal() {
    const since = this.healedAt ?? performance.now();
    this.polls('serve');
    this.streams('serve');
    if (this.#isPaused) this.server.resume();
    this.#isPaused = false;
    if (this.#isDead) await this.restart();
    this.healedAt = since;
  }

  /** Resolves once the client answers as the server's flag state demands. */
  current() {
    return this.until(`revision ${this.revision}`, () => this.isAt(this.revision));
  }

  isAt(revision) {
    const { digest } = this.status;
    return digest !== undefined && revisionOf(digest) === revision;
  }

  /** Fails unless every flag answers as it must under a revision. */
  answers(revision = this.revision) {
    const wrong = wrongAnswers(this.client, revision);
    if (wrong.length > 0) throw new Error(`under revision ${revision}: ${wrong.join('; ')}`);
  }

  /** Resolves once a stream has delivered a change. */
  async streamWorks() {
    await this.until('a stream', () => this.server.listeningStreams === 1);
    this.change();
    await this.current();
    await this.until('status streaming', () => this.status.connection === 'streaming');
  }

  /** Resolves with an error that happened after the last call: of this code, where one is given. */
  async fails(code) {
    const what = code === undefined ? 'an error' : `the error ${code}`;
    return this.until(what, () => this.journal.takeError(code));
  }

  connection(state) {
    return this.until(`connection ${state}`, () => this.status.connection === state);
  }

  event(name) {
    return this.until(`the event ${name}`, () => this.journal.take(name));
  }

  /** Resolves with the requests of a channel once `count` more have come. */
  requests(count, channel = this.streaming ? 'stream' : 'poll') {
    const seen = () => this.server.requests.filter((request) => request.channel === channel);
    const wanted = seen().length + count;
    return this.until(`${count} more ${channel}s`, () => seen().length >= wanted && seen());
  }

  /** Resolves with what `reached` returns once that is true; asked again after every event of client and server. */
  until(what, reached, guardMs = GUARD_MS) {
    return new Promise((resolve, reject) => {
      const waiter = () => {
        try {
          const value = reached();
          if (!value) return;
          resolve(value);
        } catch (error) {
          reject(error);
        }
        this.#waiters.delete(waiter);
        clearTimeout(guard);
      };
      const guard = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`${what} did not happen within ${guardMs / 1000} s; ${this.summary()}`));
      }, guardMs);
      this.#waiters.add(waiter);
      waiter();
    });
  }

  /** Asks all who wait to look again. */
  wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** Where things stand, for a message. */
  summary() {
    const { connection, pollingActive, streamSupported, attempt, stale, digest, lastError } =
      this.client?.status ?? {};
    const state = {
      connection,
      pollingActive,
      streamSupported,
      attempt,
      stale,
      revision: digest && revisionOf(digest),
      lastError: lastError?.code,
    };
    return `server at ${this.revision}, client ${JSON.stringify(state)}, ${this.journal.text()}`;
  }

  /** Runs when the scenario is over, last come first. */
  defer(cleanup) {
    this.#cleanups.unshift(cleanup);
  }

  async end() {
    for (const cleanup of this.#cleanups.splice(0)) await cleanup();
  }
}

/** Fails with a message unless something holds. */
export function must(holds, message) {
  if (!holds) throw new Error(message);
}
