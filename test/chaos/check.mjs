// What must hold at the end of every scenario, whatever happened before.

import { readdirSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { must } from './rig.mjs';

const require = createRequire(import.meta.url);

/** Without this an odd connect at the border of a window would count on one clock and not on the other. */
const WINDOW_MS = 9_900;
const CONNECTS_IN_A_WINDOW = 10;
const CLOSE_GUARD_MS = 5_000;
const LEAK_GUARD_MS = 15_000;

/** Heals the server, changes a flag, and waits until the client shows it, by the channel of its mode. */
export async function recovers(rig, { noStream, recover = () => {} }) {
  const hasStream = !noStream;
  await rig.heal();
  rig.change();
  await recover(rig);
  await rig.current();
  rig.answers();
  const tookMs = performance.now() - rig.healedAt;
  if (rig.streaming && hasStream) {
    await rig.streamWorks();
    await rig.until('the end of polling', () => !rig.status.pollingActive);
  }
  rig.answers();
  const rest = rig.streaming && hasStream ? 'streaming' : 'polling';
  await rig.connection(rest);
  await rig.until('the end of staleness', () => !rig.status.stale);
  return tookMs;
}

/** At most one connection a channel, and never too many connects in too short a time. */
export function keptItsConnections(rig, { clients = 1, connects = CONNECTS_IN_A_WINDOW }) {
  if (rig.mode === 'fetcher') return;
  for (const channel of ['poll', 'stream']) {
    const peak = rig.server.peakConnections(channel);
    must(peak <= clients, `${peak} ${channel} connections at the same time`);
  }
  const times = rig.server.connects.map(({ at }) => at);
  const most = Math.max(
    0,
    ...times.map((from) => times.filter((at) => at >= from && at < from + WINDOW_MS).length),
  );
  must(most <= clients * connects + rig.asked, `${most} connects within ten seconds`);
}

/** Closing is quick, final and repeatable, and the last thing that is told. Returns what it took. */
export async function closes({ client, journal }) {
  const started = performance.now();
  await client.close();
  const tookMs = performance.now() - started;
  must(tookMs < CLOSE_GUARD_MS, `close took ${Math.round(tookMs)} ms`);
  await client.close();
  must(client.status.connection === 'closed', `closed, yet ${client.status.connection}`);
  const request = { flagKey: 'banner', entityId: 'ann' };
  const calls = {
    evaluateBoolean: () => client.evaluateBoolean(request),
    evaluateBatch: () => client.evaluateBatch([request]),
    listFlags: () => client.listFlags(),
    refresh: () => client.refresh(),
  };
  for (const [name, call] of Object.entries(calls)) {
    const code = await Promise.resolve()
      .then(call)
      .then(
        () => 'nothing',
        (error) => error.code,
      );
    must(code === 'FLIPT_CLIENT_CLOSED', `${name} after close gives ${code}`);
  }
  must(journal.of('ready').length === 1, `ready was told ${journal.of('ready').length} times`);
  must(journal.of('closed').length === 1, `closed was told ${journal.of('closed').length} times`);
  must(journal.entries.at(-1).name === 'closed', `${journal.entries.at(-1).name} after closed`);
  return tookMs;
}

/** What is alive in this process, for a comparison with later. */
export async function census() {
  const { liveCounts } = require(process.env.FLIPT_NATIVE_BINARY);
  return { ...liveCounts(), sockets: sockets() };
}

/** Waits until nothing is left that was not there before; collects garbage meanwhile. */
export async function leavesNothing(before) {
  const deadline = performance.now() + LEAK_GUARD_MS;
  for (;;) {
    globalThis.gc();
    const now = await census();
    const left = Object.keys(now).filter((name) => now[name] > before[name]);
    if (left.length === 0) return;
    const text = left.map((name) => `${now[name] - before[name]} ${name}`).join(', ');
    must(performance.now() < deadline, `left behind: ${text}`);
    await pause(20);
  }
}

/** Open sockets of this process, where the system tells. */
function sockets() {
  const folder = '/proc/self/fd';
  try {
    return readdirSync(folder).filter((name) => isSocket(`${folder}/${name}`)).length;
  } catch {
    return 0;
  }
}

function isSocket(file) {
  try {
    return readlinkSync(file).startsWith('socket:');
  } catch {
    return false;
  }
}
