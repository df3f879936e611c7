// Many clients in one process: node --expose-gc fleet.mjs <client> <polling|streaming> <tls> <few> <many>. The few come
// first and pay for what all share; the others show what a client adds. Flag state is one small flag, and not subtracted.

import { setTimeout as pause } from 'node:timers/promises';
import { minimumAndMedian } from '../rounds.mjs';
import { clientClass } from './client.mjs';
import { now } from './clock.mjs';
import { liveServer } from './live.mjs';
import { footprint, watchThreads } from './process.mjs';

const [, , name, mode, tls, few, many] = process.argv;
const CHANGES = 5;
/** For what ends a moment after it was needed. */
const REST_MILLIS = 1500;

const FliptClient = await clientClass(name);
const server = await liveServer({ flags: 1, kind: 'plain', tls: tls === 'true' });
const patience = { initTimeoutMs: 60_000, requestTimeout: 60 };
const options = { ...server.options, ...patience, fetchMode: mode };
const clients = [];
let isOn = false;

const first = await grow(Number(few));
const all = await grow(Number(many));
process.send({
  first,
  all,
  bytes: (all.bytes - first.bytes) / (Number(many) - Number(few)),
});
await Promise.all(clients.map((client) => client.close()));
server.stop();

/** Starts clients until there are so many, and lets changes reach them. */
async function grow(count) {
  const mostThreads = watchThreads();
  const began = now();
  const added = Array.from({ length: count - clients.length }, () => FliptClient.init(options));
  clients.push(...(await Promise.all(added)));
  const start = now() - began;
  if (mode === 'streaming') await server.ask('listening', count);
  const reached = [];
  for (let index = 0; index < CHANGES; index++) {
    reached.push(await change());
    await pause(REST_MILLIS / CHANGES);
  }
  const busy = mostThreads();
  await pause(REST_MILLIS);
  return { ...(await footprint()), threads: busy, start, reached: minimumAndMedian(reached) };
}

/** Milliseconds from a change on the server until the last client evaluates it. */
async function change() {
  const told = mode === 'streaming' && Promise.all(clients.map((client) => changed(client)));
  const began = await server.ask('change');
  const asked = now();
  await (told || Promise.all(clients.map((client) => client.refresh())));
  const ended = now();
  isOn = !isOn;
  const behind = clients.filter((client) => evaluate(client) !== isOn).length;
  if (behind > 0) throw new Error(`${behind} clients missed the change`);
  return ended - (mode === 'streaming' ? began : asked);
}

function changed(client) {
  return new Promise((resolve) => client.once('change', resolve));
}

function evaluate(client) {
  return client.evaluateBoolean({ flagKey: 'flag-0', entityId: 'user', context: {} }).enabled;
}
