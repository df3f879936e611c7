// How long the event loop is held up while a snapshot is fetched and installed: node loop-delay.mjs <client> <url>

import { clientClass } from './client.mjs';
import { delays } from './loop.mjs';

const [, , name, url] = process.argv;
const FliptClient = await clientClass(name);
const client = await FliptClient.init({ url, namespace: 'bench', updateInterval: 0 });
process.send(
  await delays(async () => {
    if (!(await client.refresh())) throw new Error('the refresh changed nothing');
  }),
);
