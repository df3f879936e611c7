// Memory of loaded snapshots: node --expose-gc memory.mjs <client> <url>

import { clientClass, residentMemory } from './client.mjs';

const [, , name, url] = process.argv;
const FliptClient = await clientClass(name);
const clients = [];
const load = async (count) => {
  for (let index = 0; index < count; index++) {
    clients.push(await FliptClient.init({ url, namespace: 'bench', updateInterval: 0 }));
  }
  return residentMemory();
};
// The first ones pay for what all share: code, runtime, the allocator's spare pages.
const before = await load(2);
const after = await load(6);
process.send({ bytes: (after - before) / 6 });
