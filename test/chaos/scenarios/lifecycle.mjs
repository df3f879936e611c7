// How clients end, and what must not end them.

import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { childWith, path } from '../child.mjs';
import { must, sdk } from '../rig.mjs';

const EVERY_MODE = ['polling', 'streaming', 'fetcher'];
const OWN = ['polling', 'streaming'];
const CLOSE_GUARD_MS = 3_000;

async function closesSoon(client, where) {
  const started = performance.now();
  await client.close();
  const tookMs = Math.round(performance.now() - started);
  must(tookMs < CLOSE_GUARD_MS, `close took ${tookMs} ms ${where}`);
}

const fallback = { errorStrategy: 'fallback', initTimeoutMs: 200, requestTimeout: 30 };

export const lifecycle = [
  {
    name: 'close in every state',
    short: 'streaming',
    modes: OWN,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const opened = async (options, where) => closesSoon(await rig.another(options), where);
      await opened({}, 'right after init');
      for (const behaviour of ['neverAnswers', 'stallInHeaders', 'stallInBody', 'drip']) {
        rig.polls(behaviour);
        await opened(fallback, `with a poll that ${behaviour}`);
      }
      rig.polls('serve');
      for (const behaviour of ['silence', 'headersOnly', 'halfLine', 'endAtOnce', 'reset']) {
        rig.streams(behaviour);
        const asked = rig.requests(rig.streaming ? 1 : 0);
        const client = await rig.another();
        await asked;
        await closesSoon(client, `with a stream that is ${behaviour}`);
      }
      await rig.kill();
      await opened({ ...fallback, retry: { baseDelayMs: 60_000 } }, 'in backoff');
      rig.pause();
      await rig.restart();
      await opened(fallback, 'while connecting to a server that stands still');
      await opened(
        { ...fallback, url: rig.server.url.replace('http:', 'https:') },
        'in a handshake',
      );
    },
  },
  {
    name: 'close inside a listener, twice, and during a refresh',
    modes: EVERY_MODE,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const client = await rig.another();
      const closed = new Promise((resolve) => {
        client.once('change', () => resolve(Promise.all([client.close(), client.close()])));
      });
      if (rig.streaming) await rig.until('a stream', () => rig.server.listeningStreams === 1);
      rig.change();
      await closed;
      const other = await rig.another();
      rig.polls('neverAnswers');
      const refresh = other.refresh().then(
        () => 'success',
        (error) => error.code,
      );
      await closesSoon(other, 'during a refresh');
      must((await refresh) === 'FLIPT_CLIENT_CLOSED', `refresh ended with ${await refresh}`);
    },
  },
  {
    name: 'listeners that throw, reject or take their time',
    modes: EVERY_MODE,
    async steps(rig) {
      const order = [];
      rig.client.on('change', () => {
        throw new Error('no coffee');
      });
      rig.client.on('change', () => Promise.reject(new Error('no milk')));
      rig.client.on('change', () => {
        const until = performance.now() + 50;
        while (performance.now() < until);
        order.push('slow');
      });
      rig.client.on('change', () => order.push('last'));
      for (let round = 0; round < 3; round += 1) {
        rig.change();
        await rig.current();
      }
      await rig.until('all listeners', () => order.at(-1) === 'last' && order.length >= 2);
      rig.answers();
    },
  },
  {
    name: 'a client that nobody holds any more',
    short: 'streaming',
    modes: EVERY_MODE,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      await (async () => {
        await sdk.FliptClient.init({ ...rig.options(), logger: undefined });
        if (rig.streaming) await rig.until('a stream', () => rig.server.listeningStreams === 1);
      })();
      for (let round = 0; round < 500 && rig.server.openStreams > 0; round += 1) {
        globalThis.gc();
        await pause(20);
      }
      must(rig.server.openStreams === 0, 'the stream is still open');
    },
  },
  {
    name: 'a script that forgets to close',
    short: 'streaming',
    modes: EVERY_MODE,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const child = childWith(rig, 'const client = await open(); say("ready");');
      rig.defer(() => child.end());
      must((await child.exit) === 0, `exit code ${await child.exit}: ${child.output}`);
      must(child.lines.includes('ready'), 'it never was ready');
    },
  },
  {
    name: 'a script with a dead server, strict about rejections',
    modes: EVERY_MODE,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      await rig.kill();
      const child = childWith(
        rig,
        `const client = await open({ errorStrategy: 'fallback', initTimeoutMs: 300 });
         await open({ initTimeoutMs: 300 }).catch((error) => say(error.code));
         say("done");`,
      );
      rig.defer(() => child.end());
      must((await child.exit) === 0, `exit code ${await child.exit}: ${child.output}`);
      must(child.lines.at(-1) === 'done', child.output);
    },
  },
  {
    name: 'a process that is stopped and continued',
    modes: OWN,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const child = childWith(
        rig,
        `const client = await open({ requestTimeout: 2 });
         client.on('change', ({ digest }) => say(digest));
         say("ready");
         setInterval(() => {}, 60_000);`,
      );
      rig.defer(() => child.end());
      await child.line((line) => line === 'ready');
      if (rig.streaming) await rig.until('a stream', () => rig.server.listeningStreams === 1);
      child.signal('SIGSTOP');
      await pause(700);
      rig.change();
      await pause(700);
      rig.change();
      child.signal('SIGCONT');
      const { digest } = rig.state();
      await child.line((line) => line === digest);
    },
  },
  {
    name: 'worker threads that are terminated at any moment',
    modes: OWN,
    noClient: true,
    long: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const { logger: _logger, ...options } = rig.options();
      const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { FliptClient } = require(workerData.path);
        const started = FliptClient.init(workerData.options);
        parentPort.postMessage('starting');
        started.then((client) => {
          client.on('change', () => {});
          parentPort.postMessage('ready');
          setInterval(() => client.refresh(), 1);
        });`;
      for (let round = 0; round < 40; round += 1) {
        const worker = new Worker(source, { eval: true, workerData: { path, options } });
        const moment = ['starting', 'ready'][round % 2];
        await new Promise((resolve, reject) => {
          worker.once('error', reject);
          worker.on('message', (message) => message === moment && resolve());
        });
        if (round % 4 === 3) rig.change();
        await worker.terminate();
      }
      await rig.until('no stream', () => rig.server.openStreams === 0);
    },
  },
];
