// Forced reconnects of streaming clients: node --expose-gc reconnects.mjs <tls> <times>. Several clients take turns, so
// that none has to wait for the limit on its connects; each reconnect is over when the stream stands again and has
// brought a change.

import { clientClass, median } from './client.mjs';
import { liveServer } from './live.mjs';
import { footprint } from './process.mjs';

const [, , tls, times] = process.argv;
const CLIENTS = 20;

const FliptClient = await clientClass('flipt-native');
const server = await liveServer({ flags: 100, kind: 'mixed', tls: tls === 'true' });
const options = { ...server.options, fetchMode: 'streaming' };
const clients = await Promise.all(Array.from({ length: CLIENTS }, () => FliptClient.init(options)));
let streams = CLIENTS;
await change();

const samples = [];
for (let index = 0; index < Number(times) + CLIENTS; index++) {
  await clients[index % CLIENTS].reconnect();
  await server.ask('asked', ++streams);
  await change();
  samples.push(await footprint());
}
// The first turn of each client takes it off the connection that all began on.
const counted = samples.slice(CLIENTS);
const third = Math.floor(counted.length / 3);
process.send({
  middle: middle(counted.slice(third, 2 * third)),
  last: middle(counted.slice(-third)),
});
await Promise.all(clients.map((client) => client.close()));
server.stop();

async function change() {
  await server.ask('listening', CLIENTS);
  const told = clients.map((client) => new Promise((resolve) => client.once('change', resolve)));
  await server.ask('change');
  await Promise.all(told);
}

function middle(those) {
  const of = (what) => median(those.map((sample) => sample[what]));
  return { bytes: of('bytes'), threads: of('threads'), descriptors: of('descriptors') };
}
