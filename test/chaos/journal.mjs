import { revisionOf } from './state.mjs';

const EVENTS = ['ready', 'change', 'status', 'stale', 'recovered', 'error', 'closed'];

/** What a client told: its events, its log, and the short form of both. */
export class Journal {
  entries = [];
  lines = [];
  #notify = () => {};

  /** For the option `logger`. */
  logger = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [
      level,
      (message) => {
        this.lines.push({ level, message });
        this.#notify();
      },
    ]),
  );

  onEntry(notify) {
    this.#notify = notify;
  }

  follow(client) {
    for (const name of EVENTS) {
      client.on(name, (...details) => {
        this.entries.push({ name, details, at: performance.now() });
        this.#notify();
      });
    }
  }

  /** The first event of a name that was not taken yet. */
  take(name, matches = () => true) {
    const found = this.entries.find(
      (entry) => !entry.taken && entry.name === name && matches(...entry.details),
    );
    if (found !== undefined) found.taken = true;
    return found;
  }

  takeError(code) {
    return this.take('error', (error) => code === undefined || error.code === code)?.details[0];
  }

  /** Forgets nothing, but takes all errors so far. */
  skipErrors() {
    for (const entry of this.entries) entry.taken ||= entry.name === 'error';
  }

  of(name) {
    return this.entries.filter((entry) => entry.name === name);
  }

  /** The codes of all errors. */
  get codes() {
    return this.of('error').map(({ details }) => details[0].code);
  }

  /** The revisions in the order in which they were announced. */
  get revisions() {
    return this.of('change').map(({ details }) => revisionOf(details[0].digest));
  }

  /** The states that the connection went through. */
  get connections() {
    return this.of('status').map(({ details: [{ current }] }) => current.connection);
  }

  /** Whether polls ever stood in for a stream. */
  get wasPolling() {
    return this.of('status').some(({ details: [{ current }] }) => current.pollingActive);
  }

  warnings() {
    return this.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  /** What happened, in a few words. */
  text() {
    const short = (code) =>
      code
        .replace(/^FLIPT_/, '')
        .toLowerCase()
        .replaceAll('_', ' ');
    const counts = new Map();
    for (const code of this.codes) counts.set(code, (counts.get(code) ?? 0) + 1);
    const errors = [...counts].map(([code, n]) => (n > 1 ? `${n} x ${short(code)}` : short(code)));
    const states = this.connections
      .filter((state) => state !== 'closed')
      .filter((state, index, all) => state !== all[index - 1]);
    const path = states.length > 6 ? [...states.slice(0, 3), '...', ...states.slice(-2)] : states;
    return [errors.join(', '), path.join(' > ')].filter(Boolean).join('; ') || 'nothing amiss';
  }
}
