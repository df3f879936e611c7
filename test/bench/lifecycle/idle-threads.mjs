// The threads that a client adds to its process: node idle-threads.mjs <client> <url>. One that polls now and then, after
// its first load, when what was only needed for that has ended.

import { setTimeout as pause } from 'node:timers/promises';
import { clientClass } from './client.mjs';
import { threads } from './process.mjs';

const [, , name, url] = process.argv;
/** A thread that has nothing to do waits ten seconds for more. */
const REST_MILLIS = 12_000;

const before = threads();
const FliptClient = await clientClass(name);
const client = await FliptClient.init({ url, namespace: 'bench', updateInterval: 3600 });
const loaded = threads();
await pause(REST_MILLIS);
process.send({ loaded: loaded - before, idle: threads() - before });
await client.close?.();
