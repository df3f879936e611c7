import { describe, expect, it } from 'vitest';
import { hooks } from './support/counted.ts';
import { serve } from './support/harness.ts';
import { runProgram } from './support/program.ts';

/** In a worker: brings its client to a moment, tells so, and goes on until it is terminated. */
const worker = `
  const { parentPort, workerData: { moment, options } } = require('node:worker_threads');
  const reached = () => parentPort.postMessage(moment);
  const own = {
    fetcher: { fetcher: () => (reached(), new Promise(() => {})) },
    credential: { authentication: { jwtToken: () => (reached(), new Promise(() => {})) } },
  };
  const started = sdk.FliptClient.init({ ...options, ...own[moment] });
  if (moment === 'init') reached();
  started.then(async (client) => {
    globalThis.client = client;
    client.on('change', () => {});
    if (moment === 'streaming') {
      await new Promise((resolve) => {
        const look = () => client.status.connection === 'streaming' && resolve();
        client.on('status', look);
        look();
      });
    }
    if (moment === 'evaluation') {
      setInterval(() => {
        for (let i = 0; i < 1_000; i++) {
          client.evaluateBoolean({ flagKey: 'checkout', entityId: 'u' + i, context: { plan: 'premium' } });
        }
      }, 0);
    }
    if (moment === 'refresh') {
      const again = () => client.refresh().then(again);
      for (let i = 0; i < 3; i++) again();
    }
    reached();
    if (moment === 'exit') process.exit();
  });
  setInterval(() => {}, 1_000);`;

/** How often workers are started and terminated, in several lanes of one process. */
const CYCLES = 200;
const LANES = 4;

describe('worker_threads', () => {
  it(`${CYCLES} times loaded and terminated, at any moment: no crash, nothing left`, async () => {
    const server = await serve({ streamBehaviour: { name: 'hugeLine', bytes: 1 } });
    const main = `
      const { readdirSync } = require('node:fs');
      const { once } = require('node:events');
      const { join } = require('node:path');
      const { Worker } = require('node:worker_threads');
      const { liveCounts } = require(env.FLIPT_NATIVE_BINARY);
      const entries = (folder) => process.platform === 'linux' ? readdirSync('/proc/self/' + folder).length : 0;
      const alive = () => ({ ...liveCounts(), descriptors: entries('fd'), threads: entries('task') });
      // Nothing ends by its own deadline.
      const limits = { requestTimeout: 3_600, initTimeoutMs: 3_600_000 };
      const options = { url: env.SERVER_URL, updateInterval: 0.01, ...limits };
      const streaming = { ...options, fetchMode: 'streaming' };
      const moments = [
        ['init', options], ['refresh', options], ['fetcher', options], ['credential', options],
        ['init', streaming], ['evaluation', streaming], ['streaming', streaming], ['exit', streaming],
      ];
      const cycle = async (number) => {
        const [moment, options] = moments[number % moments.length];
        const worker = new Worker(join(__dirname, 'worker.js'), { workerData: { moment, options } });
        const failed = once(worker, 'error').then(([error]) => { throw error; });
        failed.catch(() => {});
        await Promise.race([once(worker, 'message'), failed]);
        await worker.terminate();
      };
      const lane = async (first, count) => {
        for (let i = 0; i < count; i++) await cycle(first + i);
      };
      const lanes = (count) => Promise.all(
        Array.from({ length: ${LANES} }, (_, i) => lane(i, count)),
      );
      const settled = async (wanted) => {
        for (let i = 0; i < 1000; i++) {
          gc();
          const now = alive();
          if (Object.keys(wanted).every((key) => now[key] <= wanted[key])) return now;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return alive();
      };
      (async () => {
        const client = await sdk.FliptClient.init(options);
        await lanes(5);
        const counts = { clients: 1, snapshots: 1, evaluators: 1 };
        const { descriptors, threads } = await settled(counts);
        // Connections and threads of our pools come and go with their work; those of workers would be many.
        const bounds = { ...counts, descriptors: descriptors + 4, threads: threads + 6 };
        await lanes(${CYCLES / LANES - 5});
        const after = await settled(bounds);
        const flags = client.listFlags().length;
        await client.close();
        done({ bounds, after, flags });
      })();`;
    const result = await runProgram(
      { 'main.js': main, 'worker.js': worker },
      { FLIPT_NATIVE_BINARY: hooks, SERVER_URL: server.url },
      ['--expose-gc'],
    );
    const { bounds, after, flags } = result as Record<string, Record<string, number>>;
    expect(flags).toBe(5);
    expect(after).toMatchObject({ clients: 1, snapshots: 1, evaluators: 1 });
    expect(after?.['descriptors']).toBeLessThanOrEqual(bounds?.['descriptors'] ?? 0);
    expect(after?.['threads']).toBeLessThanOrEqual(bounds?.['threads'] ?? 0);
    await server.waitForConnections(0);
  }, 120_000);
});

describe('processes', () => {
  it('each child that was forked has a client of its own', async () => {
    const server = await serve();
    const main = `
      const { fork } = require('node:child_process');
      const { once } = require('node:events');
      const { join } = require('node:path');
      (async () => {
        const client = await sdk.FliptClient.init({ url: env.SERVER_URL, updateInterval: 0.02 });
        const children = [1, 2].map(() => fork(join(__dirname, 'child.js')));
        const answers = await Promise.all(children.map(async (child) => {
          const [message] = await once(child, 'message');
          const exit = once(child, 'exit');
          child.send('end');
          return [message, ...(await exit)];
        }));
        done({ answers, own: client.listFlags().length });
        await client.close();
      })();`;
    const child = `
      (async () => {
        const options = { url: env.SERVER_URL, fetchMode: 'streaming', updateInterval: 0.02 };
        const client = await sdk.FliptClient.init(options);
        globalThis.client = client;
        process.send(client.listFlags().length);
        process.once('message', () => process.disconnect());
      })();`;
    const env = { SERVER_URL: server.url };
    const result = await runProgram({ 'main.js': main, 'child.js': child }, env);
    expect(result).toEqual({ answers: Array(2).fill([5, 0, null]), own: 5 });
    await server.waitForConnections(0);
  });

  it('each worker of a cluster has one, and a worker that is killed takes nobody along', async () => {
    const server = await serve();
    const main = `
      const cluster = require('node:cluster');
      const { once } = require('node:events');
      const { createServer } = require('node:http');
      const started = sdk.FliptClient.init({ url: env.SERVER_URL, updateInterval: 0.02 });
      const primary = async () => {
        const client = await started;
        const workers = [cluster.fork(), cluster.fork()];
        await Promise.all(workers.map((worker) => once(worker, 'listening')));
        const [first, second] = workers;
        const killed = once(first, 'exit');
        first.process.kill('SIGKILL');
        await killed;
        const asked = once(second, 'message');
        second.send('ask');
        const [flags] = await asked;
        const ended = once(second, 'exit');
        second.disconnect();
        const [code] = await ended;
        done({ flags, code, own: client.listFlags().length });
        await client.close();
      };
      const worker = async () => {
        const client = await started;
        const answer = (request, response) => response.end(String(client.listFlags().length));
        createServer(answer).listen(0);
        process.on('message', () => process.send(client.listFlags().length));
      };
      cluster.isPrimary ? primary() : worker();`;
    const result = await runProgram({ 'main.js': main }, { SERVER_URL: server.url });
    expect(result).toEqual({ flags: 5, code: 0, own: 5 });
    await server.waitForConnections(0);
  });
});
