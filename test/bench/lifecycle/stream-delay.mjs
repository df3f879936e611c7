// How long the event loop is held up while a stream brings a snapshot: node stream-delay.mjs <flags>

import { clientClass } from './client.mjs';
import { liveServer } from './live.mjs';
import { delays } from './loop.mjs';

const FliptClient = await clientClass('flipt-native');
const server = await liveServer({ flags: process.argv[2], kind: 'mixed' });
const client = await FliptClient.init({ ...server.options, fetchMode: 'streaming' });
await server.ask('listening', 1);
const change = async () => {
  const told = new Promise((resolve) => client.once('change', resolve));
  await server.ask('change');
  await told;
};
// The first message also brings the head of the response.
await change();
process.send(await delays(change));
await client.close();
server.stop();
