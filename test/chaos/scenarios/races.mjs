// Two channels that disagree: no response older than the installed state ever replaces it.

import { setTimeout as pause } from 'node:timers/promises';
import { lineOf } from '../../support/stream.mjs';
import { must } from '../rig.mjs';

/** Far from the ten seconds of the limiter. */
const REFRESH_GUARD_MS = 4_000;

const bodyOf = (state) => Buffer.from(JSON.stringify(state));

/** A promise and what settles it. */
function gate() {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** Fails if flag state ever went back to an earlier revision, or one was announced twice. */
function neverBack({ journal: { revisions } }) {
  const isBack = revisions.some((revision, index) => revision <= (revisions[index - 1] ?? 0));
  must(!isBack, `the revisions in force were ${revisions}`);
}

export const races = [
  {
    name: "a poll's old answer that arrives after a newer stream message",
    short: 'streaming',
    modes: ['streaming'],
    options: { safetyPollIntervalMs: 200 },
    async steps(rig) {
      const { open, opened } = gate();
      const old = rig.state();
      rig.polls([
        async (exchange) => {
          await opened;
          exchange.respond(200, { etag: 'outdated' }, bodyOf(old));
        },
        'serve',
      ]);
      await rig.requests(1, 'poll');
      rig.change();
      await rig.current();
      open();
      await rig.requests(1, 'poll');
      rig.answers();
    },
    holds: neverBack,
  },
  {
    name: "a stream's old message that began before a poll brought a newer one",
    short: 'streaming',
    modes: ['streaming'],
    async steps(rig) {
      const { open, opened } = gate();
      const half = gate();
      const line = lineOf({ body: bodyOf({ ...rig.state(rig.revision - 1) }) });
      rig.streams([
        async ({ stream }) => {
          stream.write(line.subarray(0, 400));
          await stream.flushed();
          half.open();
          await opened;
          stream.write(line.subarray(400));
          stream.write('\n');
        },
        'serve',
      ]);
      rig.server.closeStreams('end');
      await half.opened;
      // The client does not tell when half a line has arrived.
      await pause(200);
      rig.change({ push: false });
      must(await rig.refresh(), 'the poll brought no change');
      const asked = rig.requests(1, 'poll');
      open();
      // In place of the line the client asks, conditionally.
      await asked;
      rig.answers();
      rig.server.closeStreams('end');
    },
    holds: neverBack,
  },
  {
    name: 'an outdated replica behind the stream',
    modes: ['streaming'],
    options: { safetyPollIntervalMs: 300 },
    async steps(rig) {
      rig.change();
      await rig.current();
      rig.streams('stale');
      rig.server.closeStreams('end');
      await rig.until('the outdated message', () => rig.isAt(rig.revision - 1));
      await rig.current();
    },
  },
  {
    name: 'an update that the stream dropped',
    short: 'streaming',
    modes: ['streaming'],
    options: { safetyPollIntervalMs: 300 },
    async steps(rig) {
      rig.change({ push: false });
      await rig.current();
      rig.answers();
      must(!rig.journal.wasPolling, 'polls stood in for the stream');
    },
    holds: neverBack,
  },
  {
    name: 'flag state rolled back on purpose',
    modes: ['polling', 'streaming', 'fetcher'],
    async steps(rig) {
      rig.change();
      await rig.current();
      rig.revision -= 1;
      rig.server.setSnapshot(rig.state());
      await rig.current();
      rig.answers();
      rig.revision += 1;
    },
  },
  {
    name: 'a hundred changes as fast as the server can',
    modes: ['polling', 'streaming', 'fetcher'],
    options: { updateInterval: 0.01 },
    async steps(rig) {
      for (let round = 0; round < 100; round += 1) {
        rig.change();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await rig.current();
      rig.answers();
    },
    holds: neverBack,
  },
  {
    name: 'refreshes that overlap share a fetch',
    short: 'polling',
    modes: ['polling', 'streaming', 'fetcher'],
    options: { updateInterval: 0 },
    async steps(rig) {
      const { open, opened } = gate();
      rig.polls(async (exchange) => {
        await opened;
        exchange.serve();
      });
      const polls = () => rig.server.requests.filter(({ channel }) => channel === 'poll').length;
      const before = polls();
      const answers = Array.from({ length: 20 }, () => rig.refresh());
      await rig.until('the fetch', () => polls() > before);
      rig.change({ push: false });
      open();
      const results = await Promise.all(answers);
      must(new Set(results).size === 1, `the answers were ${results}`);
      must(polls() - before <= 2, `${polls() - before} fetches for 20 calls`);
      rig.polls('serve');
      await rig.refresh();
      rig.answers();
    },
    recover: (rig) => (rig.streaming ? undefined : rig.refresh()),
    holds: neverBack,
  },
  {
    name: 'refresh and reconnect in the middle of an outage',
    modes: ['polling', 'streaming'],
    async steps(rig) {
      rig.polls('reset');
      rig.streams('reset');
      rig.server.closeStreams('reset');
      const code = await rig.refresh().then(
        () => 'success',
        (error) => error.code,
      );
      must(code === 'FLIPT_CONNECTION_FAILED', `refresh ended with ${code}`);
      rig.answers();
      await rig.heal();
      await rig.reconnect();
      rig.change({ push: false });
      must(await rig.refresh(), 'refresh brought no change');
      rig.answers();
    },
  },
  {
    name: 'refresh is not held back, however many attempts have failed',
    modes: ['polling', 'streaming'],
    options: { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 2 } },
    async steps(rig) {
      rig.polls('reset');
      rig.streams('reset');
      rig.server.closeStreams('reset');
      await rig.until('some failures', () => rig.journal.codes.length >= 6);
      // The rest of the ten follow at once, and then nothing for as long as the limiter says.
      await pause(600);
      await rig.heal();
      rig.change({ push: false });
      const asked = performance.now();
      must(await rig.refresh(), 'refresh brought no change');
      const tookMs = Math.round(performance.now() - asked);
      must(tookMs < REFRESH_GUARD_MS, `refresh took ${tookMs} ms`);
      rig.answers();
    },
  },
  {
    name: 'reconnect on a healthy connection',
    modes: ['polling', 'streaming'],
    connects: 14,
    async steps(rig) {
      for (let round = 0; round < 3; round += 1) {
        await rig.reconnect();
        rig.change();
        await rig.current();
      }
      must(!rig.journal.wasPolling || !rig.streaming, 'polls stood in for the stream');
    },
  },
];
