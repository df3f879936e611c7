import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { tlsConfig } from './adversary.mjs';
import { Listener } from './listener.mjs';
import { growth, sample } from './watch.mjs';

const TROUBLES_BETWEEN_CHECKS = 5;
/** What a client may need after the worst: the limiter's ten seconds, a backoff, and a poll. */
const CATCH_UP_MS = 30_000;
const NUDGE_MS = 2_000;
const SAMPLE_MS = 2_000;
const PRINT_EVERY = 5;

/** Eight clients, the server that plagues them, and what is asserted of both. */
export class Soak {
  /** Things that were asserted. */
  checks = 0;
  #adversary;
  #listeners;
  #samples = [];
  #problems = [];
  #lost = 0;
  #slowest = 0;
  #waiters = new Set();
  #started = performance.now();

  constructor(adversary) {
    this.#adversary = adversary;
    this.#listeners = ['polling', 'streaming'].flatMap((mode) =>
      [false, false, true, true].map(
        (isSecure) => new Listener(mode, isSecure, () => this.#wake()),
      ),
    );
  }

  /** Resolves with everything that was wrong, one text each. */
  async run(durationMs) {
    await this.#adversary.start();
    const [plain, secure] = this.#adversary.urls;
    await Promise.all(
      this.#listeners.map((one) => one.start(one.isSecure ? secure : plain, tlsConfig)),
    );
    await this.#everybodyCatchesUp();
    const timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#header();
    for (let round = 1; performance.now() - this.#started < durationMs; round += 1) {
      await this.#adversary.trouble();
      if (round % TROUBLES_BETWEEN_CHECKS === 0) await this.#everybodyCatchesUp();
    }
    await this.#everybodyCatchesUp();
    clearInterval(timer);
    this.#row();
    await this.#judge();
    await this.#adversary.kill();
    return this.#problems;
  }

  /** With the server well, every client has to come to the last revision, and every stream has to deliver. */
  async #everybodyCatchesUp() {
    const began = performance.now();
    await this.#adversary.change();
    await this.#arrive(CATCH_UP_MS, () => true);
    this.#slowest = Math.max(this.#slowest, performance.now() - began);
    // A stream that was opened with the last state has nothing to say until the next one.
    const isInTouch = ({ mode, client }) => client.status.connection === mode;
    const deadline = performance.now() + CATCH_UP_MS;
    while (!this.#listeners.every(isInTouch) && performance.now() < deadline) {
      await this.#adversary.change();
      await this.#arrive(NUDGE_MS, isInTouch);
    }
    await this.#arrive(CATCH_UP_MS, isInTouch);
    this.checks += this.#listeners.length;
    for (const one of this.#listeners.filter((each) => !this.#isRight(each, isInTouch))) {
      this.#lost += 1;
      const status = JSON.stringify(one.client.status);
      this.#problems.push(
        `${one.name}: at ${one.revision} of ${this.#adversary.revision}: ${status}`,
      );
    }
  }

  /** Waits until everybody is at the last revision and `holds` for everybody, though not for ever. */
  async #arrive(guardMs, holds) {
    const isThere = () => this.#listeners.every((one) => this.#isRight(one, holds));
    await Promise.race([this.#until(isThere), pause(guardMs)]);
    this.#waiters.clear();
  }

  #isRight(listener, holds) {
    return listener.isAt(this.#adversary.revision) && holds(listener);
  }

  async #judge() {
    const { problems, before, after } = growth(this.#samples);
    this.#check(problems);
    for (const { name, backwards } of this.#listeners) {
      this.#check(backwards > 0 ? [`${name}: went back to an older state ${backwards} times`] : []);
    }
    await Promise.all(this.#listeners.map(({ client }) => client.close()));
    const left = Object.entries(await this.#leftOver()).filter(([, count]) => count > 0);
    this.#check(left.map(([what, count]) => `left behind: ${count} ${what}`));
    const done = Object.entries(this.#adversary.done).map(([kind, count]) => `${count} ${kind}`);
    console.log(`troubles: ${done.sort().join(', ')}`);
    console.log(
      `memory: ${before.toFixed(1)} MB in the middle third, ${after.toFixed(1)} in the last`,
    );
    console.log(`slowest return of all clients to the last state: ${Math.round(this.#slowest)} ms`);
  }

  /** What of the clients is still there once the collector has had its chance. */
  async #leftOver() {
    const { liveCounts } = createRequire(import.meta.url)(process.env.FLIPT_NATIVE_BINARY);
    for (const one of this.#listeners) one.client = undefined;
    for (let round = 0; round < 200; round += 1) {
      globalThis.gc();
      if (Object.values(liveCounts()).every((count) => count === 0)) break;
      await pause(20);
    }
    return liveCounts();
  }

  #check(problems) {
    this.checks += Math.max(1, problems.length);
    this.#problems.push(...problems);
  }

  #sample() {
    this.#samples.push(sample());
    if (this.#samples.length % PRINT_EVERY === 0) this.#row();
  }

  #header() {
    console.log(
      '  time   RSS MB  descriptors  threads  revision  seen polling  seen streaming  errors  lost',
    );
  }

  #row() {
    const { rssMb, descriptors, threads } = this.#samples.at(-1) ?? sample();
    const sum = (name, mode = '') =>
      this.#listeners
        .filter((one) => one.mode.includes(mode))
        .reduce((total, one) => total + one[name], 0);
    const seconds = Math.round((performance.now() - this.#started) / 1000);
    const cells = [
      [`${seconds} s`, 6],
      [rssMb.toFixed(1), 9],
      [descriptors, 13],
      [threads, 9],
      [this.#adversary.revision, 10],
      [sum('seen', 'polling'), 14],
      [sum('seen', 'streaming'), 16],
      [sum('errors'), 8],
      [this.#lost, 6],
    ];
    console.log(cells.map(([value, width]) => String(value).padStart(width)).join(''));
  }

  #until(reached) {
    return new Promise((resolve) => {
      const waiter = () => {
        if (!reached()) return;
        this.#waiters.delete(waiter);
        resolve();
      };
      this.#waiters.add(waiter);
      waiter();
    });
  }

  #wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
