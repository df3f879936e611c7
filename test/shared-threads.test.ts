import { describe, expect, it } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { counted, hooks, isNothing, NOTHING } from './support/counted.ts';
import { shop } from './support/flags.ts';
import { serve } from './support/harness.ts';
import { runProgram } from './support/program.ts';
import { built } from './support/sdk.ts';

/** In a script: a further copy of the package, as test runners and bundles load them. */
const copies = `const copy = () => {
  for (const file of Object.keys(require.cache)) delete require.cache[file];
  return require(${JSON.stringify(built())});
};`;

/** In a worker: takes a handle, and does what it is told with it. */
const worker = `
  const { parentPort, workerData: { options } } = require('node:worker_threads');
  const started = sdk.FliptClient.shared(options);
  started.then((client) => {
    const use = () => client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;
    parentPort.on('message', async (message) => {
      if (message === 'close') await client.close();
      if (message === 'refresh') await client.refresh();
      parentPort.postMessage(message === 'close' ? client.status.connection : use());
    });
    client.on('change', () => parentPort.postMessage('change'));
    parentPort.postMessage(use());
  }, (error) => parentPort.postMessage(error.code));`;

/** In the main thread: starts workers, and talks to them. */
const main = `
  const { once } = require('node:events');
  const { join } = require('node:path');
  const { Worker } = require('node:worker_threads');
  const { liveCounts } = require(env.FLIPT_NATIVE_BINARY);
  const options = { url: env.SERVER_URL, updateInterval: 0 };
  const start = (more = {}) => new Worker(join(__dirname, 'worker.js'), { workerData: { options: { ...options, ...more } } });
  const answer = async (worker) => (await once(worker, 'message'))[0];
  const ask = (worker, message) => {
    const answered = answer(worker);
    worker.postMessage(message);
    return answered;
  };
  const use = (client) => client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;
  const settled = async (wanted) => {
    for (let i = 0; i < 1000; i++) {
      gc();
      if (Object.entries(wanted).every(([name, count]) => liveCounts()[name] === count)) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return liveCounts();
  };`;

describe('one client for the process', () => {
  it('is shared by copies of the JavaScript', async () => {
    const server = await serve({ snapshot: shop(2) });
    const seen = await counted(
      `${copies}
       const options = { url, updateInterval: 0 };
       const round = async () => {
         const first = await sdk.FliptClient.shared(options);
         const others = await Promise.all([copy(), copy(), copy()].map(({ FliptClient }) => FliptClient.shared(options)));
         const classes = new Set([first, ...others].map((client) => client.constructor)).size;
         const used = [first, ...others].map(use);
         const { clients } = liveCounts();
         await first.close();
         const still = others.map(use);
         await Promise.all(others.map((client) => client.close()));
         return { classes, used, clients, still };
       };
       done({ ...await round(), left: await until(${isNothing}) });`,
      server.url,
    );
    expect(seen).toEqual({
      classes: 4,
      used: Array(4).fill(true),
      clients: 1,
      still: Array(3).fill(true),
      left: NOTHING,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('is shared by worker threads, and outlives the one that made it', async () => {
    const server = await serve({ snapshot: shop(2) });
    const seen = await runProgram(
      {
        'main.js': `${main}
          (async () => {
            const maker = start();
            const made = await answer(maker);
            const others = [start(), start(), start()];
            const used = await Promise.all(others.map(answer));
            const client = await sdk.FliptClient.shared(options);
            const { clients } = liveCounts();
            await maker.terminate();
            const counts = await settled({ clients: 1, evaluators: 4 });
            const refreshed = await client.refresh();
            const still = [use(client), ...await Promise.all(others.map((worker) => ask(worker, 'refresh')))];
            const closed = await Promise.all(others.map((worker) => ask(worker, 'close')));
            const last = use(client);
            await Promise.all(others.map((worker) => worker.terminate()));
            await client.close();
            const { evaluators, ...left } = await settled({ clients: 0, snapshots: 0 });
            done({ made, used, clients, counts, refreshed, still, closed, last, left });
          })();`,
        'worker.js': worker,
      },
      { SERVER_URL: server.url, FLIPT_NATIVE_BINARY: hooks },
      ['--expose-gc'],
    );
    expect(seen).toEqual({
      made: true,
      used: [true, true, true],
      clients: 1,
      counts: { clients: 1, snapshots: 1, evaluators: 4 },
      refreshed: false,
      still: [true, true, true, true],
      closed: ['closed', 'closed', 'closed'],
      last: true,
      left: { clients: 0, snapshots: 0 },
    });
    // The first load and four refreshes, of which those that overlap are one.
    expect(server.requests.length).toBeGreaterThanOrEqual(3);
    expect(server.requests.length).toBeLessThanOrEqual(5);
  });

  it('tells each thread of a change', async () => {
    const server = await serve({
      behaviour: (exchange) =>
        exchange.respond(200, { 'content-type': 'application/json' }, shop(2 + exchange.index)),
    });
    const seen = await runProgram(
      {
        'main.js': `${main}
          (async () => {
            const workers = [start(), start()];
            await Promise.all(workers.map(answer));
            const client = await sdk.FliptClient.shared(options);
            const told = Promise.all(workers.map(answer));
            const changed = new Promise((resolve) => client.on('change', resolve));
            await client.refresh();
            done([...await told, (await changed).flagKeys.length > 0]);
            process.exit();
          })();`,
        'worker.js': worker,
      },
      { SERVER_URL: server.url, FLIPT_NATIVE_BINARY: hooks },
    );
    expect(seen).toEqual(['change', 'change', true]);
  });

  it('is not shared between threads where it has functions', async () => {
    const server = await serve({ snapshot: shop(2), token: 'abc' });
    const seen = await runProgram(
      {
        'main.js': `${main}
          (async () => {
            const options = { url: env.SERVER_URL, updateInterval: 0, authentication: { clientToken: () => 'abc' } };
            const clients = [await sdk.FliptClient.shared(options), await sdk.FliptClient.shared({ ...options })];
            const worker = start();
            const used = [...clients.map(use), await answer(worker)];
            const counts = liveCounts();
            await worker.terminate();
            await Promise.all(clients.map((client) => client.close()));
            done({ used, clients: counts.clients });
          })();`,
        'worker.js': worker.replace(
          'shared(options)',
          "shared({ ...options, authentication: { clientToken: () => 'abc' } })",
        ),
      },
      { SERVER_URL: server.url, FLIPT_NATIVE_BINARY: hooks },
    );
    expect(seen).toEqual({ used: [true, true, true], clients: 2 });
    expect(server.requests).toHaveLength(2);
  });
});

describe('nothing is left', () => {
  it('of 200 handles that were opened and closed', async () => {
    const server = await serve({ snapshot: shop(2) });
    const seen = await counted(
      `const options = { url, updateInterval: 0 };
       const listen = { onUpdate() {}, logger: { debug() {}, info() {}, warn() {}, error() {} } };
       let used = 0;
       const round = async (more) => {
         const clients = await Promise.all(Array.from({ length: 10 }, () => sdk.FliptClient.shared({ ...options, ...more })));
         used += clients.filter(use).length;
         await Promise.all(clients.map((client) => client.close()));
       };
       const address = url + '/internal/v1/evaluation/snapshot/namespace/default';
       for (let i = 0; i < 20; i++) await round(i % 2 ? listen : { ...listen, fetcher: () => fetch(address) });
       done({ used, left: await until(${isNothing}) });`,
      server.url,
    );
    expect(seen).toEqual({ used: 200, left: NOTHING });
    expect(server.requests).toHaveLength(20);
  });

  it('of handles that nobody refers to; others go on', async () => {
    const server = await serve({ snapshot: shop(2), token: 'abc' });
    const seen = await counted(
      `const options = { url, updateInterval: 0, authentication: { clientToken: 'abc' } };
       const clientToken = () => 'abc';
       const take = async (count, more) => {
         for (let i = 0; i < count; i++) use(await sdk.FliptClient.shared({ ...options, ...more }));
       };
       const within = { authentication: { clientToken } };
       await take(10);
       await take(10, within);
       globalThis.kept = [await sdk.FliptClient.shared(options), await sdk.FliptClient.shared({ ...options, ...within })];
       const others = await until((c) => c.evaluators === 2);
       const used = [kept.map(use), await Promise.all(kept.map((client) => client.refresh()))];
       globalThis.kept = undefined;
       done({ others, used, left: await until(${isNothing}) });`,
      server.url,
    );
    expect(seen).toEqual({
      others: { clients: 2, snapshots: 2, evaluators: 2 },
      used: [
        [true, true],
        [false, false],
      ],
      left: NOTHING,
    });
  });

  it('that keeps a script alive which never closes them', async () => {
    const server = await serve({ snapshot: shop(2) });
    const finished = await runScript(
      `const options = { url, onUpdate() {} };
       Promise.all([sdk.FliptClient.shared(options), sdk.FliptClient.shared(options)]).then((clients) => done(clients.length));`,
      server.url,
    );
    expect(answerOf(finished)).toBe(2);
    expect(server.requests).toHaveLength(1);
  });
});

/** How often workers that share are started and terminated, in several lanes of one process. */
const CYCLES = 80;
const LANES = 4;

describe('worker threads that come and go', () => {
  it(`${CYCLES} times, at any moment, harm nobody`, async () => {
    const server = await serve({ snapshot: shop(2) });
    const seen = await runProgram(
      {
        'main.js': `${main}
          const cycle = async (number) => {
            const worker = start();
            const failed = once(worker, 'error').then(([error]) => { throw error; });
            failed.catch(() => {});
            const moment = number % 4;
            // Terminated while it starts, once it is ready, while it refreshes, and after it was closed.
            if (moment > 0) {
              const used = await Promise.race([answer(worker), failed]);
              if (used !== true) throw new Error('a worker got ' + used);
            }
            if (moment === 2) worker.postMessage('refresh');
            if (moment === 3) await ask(worker, 'close');
            await worker.terminate();
          };
          const lane = async (first) => {
            for (let i = 0; i < ${CYCLES / LANES}; i++) {
              await cycle(first + i);
              // Now and then nobody else holds a handle.
              if (i % 3 === 0) {
                const client = await sdk.FliptClient.shared(options);
                if (!use(client)) throw new Error('the main thread got no answer');
                await client.close();
              }
            }
          };
          (async () => {
            await Promise.all(Array.from({ length: ${LANES} }, (_, i) => lane(i)));
            const left = await settled({ clients: 0, snapshots: 0, evaluators: 0 });
            const client = await sdk.FliptClient.shared(options);
            const used = use(client);
            await client.close();
            done({ left, used });
          })().catch((error) => { console.error(error); process.exit(1); });`,
        'worker.js': worker,
      },
      { SERVER_URL: server.url, FLIPT_NATIVE_BINARY: hooks },
      ['--expose-gc'],
    );
    expect(seen).toEqual({ left: NOTHING, used: true });
  }, 110_000);
});
