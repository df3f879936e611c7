import { createRequire } from 'node:module';
import { join } from 'node:path';
import { revisionOf, wrongAnswers } from '../chaos/state.mjs';

const require = createRequire(import.meta.url);
const { FliptClient } = require(join(import.meta.dirname, '../../dist'));

const TIMES = {
  requestTimeout: 2,
  connectTimeoutMs: 1_000,
  initTimeoutMs: 30_000,
  retry: { maxRetries: 1, baseDelayMs: 50, maxDelayMs: 1_000 },
};
const BY_MODE = {
  polling: { updateInterval: 0.5 },
  streaming: {
    fetchMode: 'streaming',
    updateInterval: 0.5,
    safetyPollIntervalMs: 1_500,
    streamIdleTimeoutMs: 8_000,
    maxStreamRetries: 3,
  },
};

/** A client of the soak, and what it has seen. */
export class Listener {
  /** Updates that were announced, the last revision, and errors by code. */
  seen = 0;
  revision = 0;
  /** Times that an older state replaced a newer one. */
  backwards = 0;
  errors = 0;
  polled = 0;
  #notify;

  constructor(mode, isSecure, notify) {
    this.name = `${mode}, ${isSecure ? 'TLS' : 'plain'}`;
    this.mode = mode;
    this.isSecure = isSecure;
    this.#notify = notify;
  }

  async start(url, tlsConfig) {
    const secure = this.isSecure ? { tlsConfig } : {};
    this.client = await FliptClient.init({ url, ...TIMES, ...BY_MODE[this.mode], ...secure });
    this.revision = revisionOf(this.client.status.digest);
    this.client.on('change', ({ digest }) => this.#saw(revisionOf(digest)));
    this.client.on('status', () => this.#notify());
    this.client.on('error', () => {
      this.errors += 1;
    });
  }

  /** Whether the client is at a revision, with every answer right. */
  isAt(revision) {
    const { digest } = this.client.status;
    const isThere = digest !== undefined && revisionOf(digest) === revision;
    return isThere && wrongAnswers(this.client, revision).length === 0;
  }

  #saw(revision) {
    this.seen += 1;
    if (revision < this.revision) this.backwards += 1;
    this.revision = revision;
    this.#notify();
  }
}
