// How long after its last byte a change of a stream is seen: node visibility.mjs <flags> <changes>. Every second change
// is looked for by evaluating in every turn of a busy loop, the others are heard of by an idle one. The time runs from
// the moment in which the server hands over the last byte.

import { once } from 'node:events';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { clientClass } from './client.mjs';
import { now } from './clock.mjs';
import { liveServer } from './live.mjs';

const [, , flags, changes] = process.argv.map(Number);
/** So that one change is over when the next one begins. */
const APART_MILLIS = 10;
/** The first ones pay for what is compiled and allocated once. */
const WARM_UP = 20;

const FliptClient = await clientClass('flipt-native');
const server = await liveServer({ flags, kind: 'mixed' });
const client = await FliptClient.init({ ...server.options, fetchMode: 'streaming' });
const events = new EventTarget();
client.on('change', () => events.dispatchEvent(new Event('change')));
const isOn = () =>
  client.evaluateBoolean({ flagKey: 'flag-0', entityId: 'nobody', context: {} }).enabled;

await server.ask('listening', 1);
const delays = { evaluated: [], told: [] };
for (let index = 0; index < changes + WARM_UP; index++) {
  const before = isOn();
  const told = once(events, 'change').then(now);
  await server.ask('change');
  const way = index % 2 === 0 ? 'evaluated' : 'told';
  const seen = way === 'told' ? await told : await evaluated(before);
  await told;
  if (isOn() === before) throw new Error('the change was told of before it was in force');
  const delay = seen - (await server.ask('lastWrite'));
  if (index >= WARM_UP) delays[way].push(delay);
  await pause(APART_MILLIS);
}
await client.close();
server.stop();
process.send({ evaluated: percentiles(delays.evaluated), told: percentiles(delays.told) });

async function evaluated(before) {
  while (isOn() === before) await turn();
  return now();
}

function percentiles(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  return { minimum: sorted[0], median: at(0.5), p99: at(0.99) };
}
