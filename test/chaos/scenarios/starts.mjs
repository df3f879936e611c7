// The first load: servers that are away, slow or wrong, and where else flag state can come from.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { must, sdk } from '../rig.mjs';
import { revisionOf, wrongAnswers } from '../state.mjs';

const EVERY_MODE = ['polling', 'streaming', 'fetcher'];
const OWN = ['polling', 'streaming'];
const WRITE_GUARD_MS = 10_000;

/** The text of an exported snapshot of the state in force. */
async function exported(rig) {
  const client = await sdk.FliptClient.init({ url: rig.server.url, updateInterval: 0 });
  const text = client.getSnapshot();
  await client.close();
  return text;
}

function temporaryFile(rig, name) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-chaos-'));
  rig.defer(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

/** What a start ends with: `ready`, or the code of its error. */
const outcomeOf = (start) =>
  start.then(
    () => 'ready',
    (error) => error.code,
  );

export const starts = [
  {
    name: 'a dead server, fallback with a snapshot',
    short: 'polling',
    modes: EVERY_MODE,
    options: { errorStrategy: 'fallback' },
    async begin(rig) {
      await rig.serve();
      const snapshot = await exported(rig);
      await rig.kill();
      await rig.open({ snapshot });
    },
    async steps(rig) {
      rig.answers();
      must(rig.status.source === 'snapshot', `source ${rig.status.source}`);
      await rig.fails();
    },
    holds(rig) {
      must(rig.status.source === 'server', `source ${rig.status.source}`);
    },
  },
  {
    name: 'a dead server, fallback without anything',
    modes: EVERY_MODE,
    options: { errorStrategy: 'fallback' },
    async begin(rig) {
      await rig.serve();
      await rig.kill();
      await rig.open();
    },
    async steps(rig) {
      const code = await outcomeOf(Promise.resolve().then(() => rig.client.listFlags()));
      must(code === 'FLIPT_CLIENT_NOT_READY', `listFlags gives ${code}`);
      must(!rig.client.isReady, 'ready without flag state');
    },
    async holds(rig) {
      await rig.client.waitForReady({ timeoutMs: 1_000 });
    },
  },
  {
    name: 'a dead server under fail leaves nothing',
    short: 'polling',
    modes: EVERY_MODE,
    noClient: true,
    async begin(rig) {
      await rig.serve();
      await rig.kill();
    },
    async steps(rig) {
      const code = await outcomeOf(sdk.FliptClient.init(rig.options()));
      const expected = rig.mode === 'fetcher' ? 'FLIPT_FETCHER_FAILED' : 'FLIPT_CONNECTION_FAILED';
      must(code === expected, `init ended with ${code}`);
    },
  },
  {
    name: 'a server that comes up while init retries',
    modes: EVERY_MODE,
    options: { retry: { maxRetries: 8, baseDelayMs: 100, maxDelayMs: 400 } },
    async begin(rig) {
      await rig.serve();
      await rig.kill();
      const opening = rig.open();
      opening.catch(() => {});
      setTimeout(() => rig.heal(), 400);
      await opening;
    },
    steps: (rig) => rig.answers(),
  },
  {
    name: 'a first load that never ends',
    modes: EVERY_MODE,
    noClient: true,
    options: { requestTimeout: 30, connectTimeoutMs: 30_000, initTimeoutMs: 500 },
    begin: (rig) => rig.serve(),
    async steps(rig) {
      for (const behaviour of ['neverAnswers', 'drip', 'stallInBody']) {
        rig.polls(behaviour);
        const code = await outcomeOf(sdk.FliptClient.init(rig.options()));
        must(code === 'FLIPT_INIT_TIMEOUT', `${behaviour}: init ended with ${code}`);
      }
      if (rig.mode !== 'fetcher') await rig.server.waitForConnections(0);
    },
  },
  {
    name: 'a first load that is called off',
    modes: EVERY_MODE,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      rig.polls('neverAnswers');
      const controller = new AbortController();
      const start = sdk.FliptClient.init(rig.options({ signal: controller.signal }));
      await rig.server.waitForRequests(1);
      controller.abort();
      const code = await outcomeOf(start);
      must(code === 'FLIPT_INIT_ABORTED', `init ended with ${code}`);
    },
  },
  {
    name: 'a dead server and a cache on disk',
    short: 'streaming',
    modes: EVERY_MODE,
    async begin(rig) {
      await rig.serve();
      const cache = { path: temporaryFile(rig, 'flags.cache') };
      const first = await sdk.FliptClient.init(rig.options({ cache }));
      const { digest } = first.status;
      await written(cache.path);
      await first.close();
      await rig.kill();
      await rig.open({ cache });
      must(rig.status.digest === digest, 'another state than that of the first client');
    },
    async steps(rig) {
      rig.answers();
      must(rig.status.source === 'cache', `source ${rig.status.source}`);
      must(rig.status.stale, 'not stale');
      await rig.fails();
    },
    holds(rig) {
      must(rig.status.source === 'server', `source ${rig.status.source}`);
    },
  },
  {
    name: 'a cache that is corrupt, of another version, or cannot be written',
    modes: OWN,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const path = temporaryFile(rig, 'flags.cache');
      const contents = ['', 'nonsense', '{"version":99}', Buffer.alloc(100_000, 0xff)];
      for (const content of contents) {
        writeFileSync(path, content);
        const client = await rig.another({ cache: { path } });
        must(client.status.source === 'server', `source ${client.status.source}`);
        must(wrongAnswers(client, rig.revision).length === 0, 'wrong answers');
        await client.close();
      }
      const blocked = join(path, 'below-a-file', 'flags.cache');
      const client = await rig.another({ cache: { path: blocked } });
      rig.change();
      await client.refresh();
      must(wrongAnswers(client, rig.revision).length === 0, 'wrong answers');
      await client.close();
    },
  },
  {
    name: 'two clients on one cache file',
    modes: OWN,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const cache = { path: temporaryFile(rig, 'flags.cache') };
      const clients = [await rig.another({ cache }), await rig.another({ cache })];
      if (rig.streaming) await rig.until('streams', () => rig.server.listeningStreams === 2);
      for (let round = 0; round < 20; round += 1) {
        rig.change();
        await pause(10);
      }
      const { digest } = rig.state();
      for (const client of clients) {
        await rig.until('the last change', () => client.status.digest === digest, 10_000);
      }
      await written(cache.path);
      await Promise.all(clients.map((client) => client.close()));
      await rig.kill();
      const offline = await rig.another({ cache });
      must(offline.status.source === 'cache', `source ${offline.status.source}`);
      must(wrongAnswers(offline, revisionOf(offline.status.digest)).length === 0, 'wrong answers');
    },
  },
  {
    name: 'a cache file torn at every place',
    modes: ['polling'],
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const path = temporaryFile(rig, 'flags.cache');
      const first = await rig.another({ cache: { path } });
      await written(path);
      await first.close();
      const whole = readFileSync(path);
      rig.polls('reset');
      for (let part = 0; part < 12; part += 1) {
        writeFileSync(path, whole.subarray(0, Math.floor((whole.length * part) / 12)));
        const code = await outcomeOf(
          sdk.FliptClient.init(rig.options({ cache: { path }, retry: { maxRetries: 0 } })),
        );
        must(code === 'FLIPT_CONNECTION_FAILED', `part ${part} of 12: init ended with ${code}`);
      }
    },
  },
];

/** Resolves once there is a file; it is written behind the client's back. */
async function written(path) {
  const deadline = performance.now() + WRITE_GUARD_MS;
  while (!existsSync(path)) {
    must(performance.now() < deadline, 'no file was written');
    await pause(10);
  }
}
