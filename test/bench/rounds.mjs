import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Long enough for a garbage collection in most rounds, short enough to fit between other processes' turns. */
const ROUND_MILLIS = 20;
const WARM_UP_MILLIS = 400;
const CHECKSUM_CALLS = 20_000;
const LEAST_CALLS = 2000;
const ANSWER_LIMIT_MILLIS = 120_000;

/** A contender's process. Its standard output is dropped: some peers greet there. */
export class Contender {
  #child;
  #pending;

  constructor(peer) {
    this.peer = peer;
    const file = fileURLToPath(new URL('contender.mjs', import.meta.url));
    this.#child = fork(file, [peer], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: quietEnvironment(),
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.complaints = ((this.complaints ?? '') + text).slice(-2000);
    });
    this.#child.on('message', (message) => this.#settle(message));
    this.#child.on('exit', (code) =>
      this.#settle({ error: `ended with code ${code}: ${this.complaints ?? ''}` }),
    );
    this.started = this.#answer();
  }

  /** One command of contender.mjs. */
  async ask(command, parameters) {
    await this.started;
    const answer = this.#answer();
    this.#child.send({ command, ...parameters });
    return answer;
  }

  async end() {
    await this.ask('end').catch(() => {});
    this.#child.kill();
  }

  #answer() {
    return new Promise((resolve, reject) => {
      const guard = setTimeout(() => {
        reject(new Error(`${this.peer}: no answer`));
        this.#child.kill('SIGKILL');
      }, ANSWER_LIMIT_MILLIS);
      this.#pending = ({ value, error }) => {
        clearTimeout(guard);
        if (error === undefined) resolve(value);
        else reject(new Error(`${this.peer}: ${error}`));
      };
    });
  }

  #settle(message) {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.(message);
  }
}

/**
 * Measures lanes, `{ contender, question }` by name, in turn, round after round; nanoseconds a call. `weight` says how
 * many evaluations a call is.
 */
export async function measure(lanes, rounds, weight = 1) {
  const results = new Map();
  for (const [name, { contender, question }] of Object.entries(lanes)) {
    const checked = Math.ceil(CHECKSUM_CALLS / weight);
    const checksum = await contender.ask('checksum', { ...question, calls: checked });
    const calls = await callsOfARound(contender, question, Math.ceil(LEAST_CALLS / weight));
    results.set(name, { checksum, calls, nanos: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const [name, { contender, question }] of Object.entries(lanes)) {
      const { calls, nanos } = results.get(name);
      nanos.push((await contender.ask('time', { ...question, calls })) / calls);
    }
  }
  for (const result of results.values()) Object.assign(result, minimumAndMedian(result.nanos));
  return results;
}

/** Calls until the compiler has settled, and from the last of them the number that fills a round. */
async function callsOfARound(contender, question, least) {
  const deadline = performance.now() + WARM_UP_MILLIS;
  let nanosACall;
  do {
    nanosACall = (await contender.ask('time', { ...question, calls: least })) / least;
  } while (performance.now() < deadline);
  return Math.max(least, Math.round((ROUND_MILLIS * 1e6) / nanosACall));
}

/** The least and the middle one. */
export function minimumAndMedian(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { minimum: sorted[0], median: sorted[Math.floor(sorted.length / 2)] };
}

/** What children inherit: nothing that would send a peer, or us, through a proxy or to a server. */
export function quietEnvironment() {
  const dropped =
    /proxy|^(flipt|launchdarkly|ld|unleash|statsig|growthbook)_(?!native_binary$)|^node_options$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped.test(name)));
}
