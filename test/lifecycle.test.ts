import { describe, expect, it } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { connected, failureOf, open, quiet, serve } from './support/harness.ts';
import { FliptClient } from './support/sdk.ts';

describe('close', () => {
  it('resolves, more than once, and afterwards every call fails with FLIPT_CLIENT_CLOSED', async () => {
    const { client } = await connected();
    const request = { flagKey: 'banner', entityId: 'ann' };
    client.evaluateBoolean(request);
    const closed = client.close();
    for (const call of [
      () => client.evaluateBoolean(request),
      () => client.evaluateVariant({ ...request, flagKey: 'colour' }),
      () => client.evaluateBatch([request]),
      () => client.evaluateBatch([]),
      () => client.listFlags(),
      () => client.getSnapshot(),
      () => client.refresh(),
    ]) {
      expect(await failureOf(call)).toMatchObject({
        name: 'FliptError',
        code: 'FLIPT_CLIENT_CLOSED',
      });
    }
    expect(await closed).toBeUndefined();
    expect(await client.close()).toBeUndefined();
  });

  it('takes effect at once, before its promise resolves', async () => {
    const { client } = await connected();
    const closing = client.close();
    expect(() => client.listFlags()).toThrow(
      expect.objectContaining({ code: 'FLIPT_CLIENT_CLOSED' }),
    );
    await closing;
  });

  it('ends polling and leaves no connection', async () => {
    const server = await serve();
    const client = await open(server, { updateInterval: 0.01 });
    await server.waitForRequests(3);
    await client.close();
    await server.waitForConnections(0);
    const count = server.requests.length;
    const other = await open(server);
    await other.refresh();
    expect(server.requests).toHaveLength(count + 2);
  });

  it.each(['neverAnswers', 'stallInHeaders', 'stallInBody', 'drip'] as const)(
    'ends a fetch under way: %s',
    async (behaviour) => {
      const server = await serve();
      const client = await open(server);
      server.setBehaviour(behaviour);
      const refresh = failureOf(client.refresh());
      await server.waitForRequests(2);
      await client.close();
      expect(await refresh).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
      await server.waitForAborted(1);
      await server.waitForConnections(0);
    },
  );

  it('ends a wait between retries', async () => {
    const server = await serve();
    const client = await open(server, { retry: { maxRetries: 5, baseDelayMs: 60_000 } });
    server.setBehaviour({ name: 'status', status: 503 });
    const refresh = failureOf(client.refresh());
    await server.waitForRequests(2);
    await client.close();
    expect(await refresh).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
  });

  it('is safe inside a callback of the client', async () => {
    const server = await serve();
    let closed: Promise<void> | undefined;
    const client: FliptClient = await open(server, {
      hook: {
        before() {},
        after() {
          closed = client.close();
        },
      },
      logger: {
        debug: () => void client?.close(),
        info() {},
        warn() {},
        error() {},
      },
    });
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(false);
    await closed;
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
  });

  it('one client leaves the others alone', async () => {
    const server = await serve();
    const first = await open(server);
    const second = await open(server);
    await first.close();
    expect(second.listFlags()).toHaveLength(5);
    expect(await second.refresh()).toBe(false);
  });

  it('Symbol.asyncDispose and Symbol.dispose close', async () => {
    const server = await serve();
    let kept: FliptClient;
    {
      await using client = await FliptClient.init(quiet(server));
      kept = client;
      expect(client.listFlags()).toHaveLength(5);
    }
    expect(() => kept.listFlags()).toThrow(
      expect.objectContaining({ code: 'FLIPT_CLIENT_CLOSED' }),
    );
    {
      using client = await FliptClient.init(quiet(server));
      kept = client;
    }
    expect(() => kept.listFlags()).toThrow(
      expect.objectContaining({ code: 'FLIPT_CLIENT_CLOSED' }),
    );
  });
});

describe('the process', () => {
  it('exits although a polling client was never closed', async () => {
    const server = await serve();
    const finished = await runScript(
      `sdk.FliptClient.init({ url, updateInterval: 0.05 }).then((client) => {
         globalThis.client = client;
         done(client.listFlags().length);
       });`,
      server.url,
    );
    expect(finished).toEqual({ code: 0, signal: null, stdout: '5', stderr: '' });
  });

  it('exits while a poll is under way that will never be answered', async () => {
    const server = await serve({ behaviour: ['serve', 'neverAnswers'] });
    const finished = await runScript(
      `sdk.FliptClient.init({ url, updateInterval: 0.01 }).then(async (client) => {
         globalThis.client = client;
         await new Promise((resolve) => setTimeout(resolve, 300));
         done('over');
       });`,
      server.url,
    );
    expect(finished).toMatchObject({ code: 0, stdout: '"over"' });
    expect(server.requests).toHaveLength(2);
  });

  it('stays until a pending init, refresh or close has settled', async () => {
    const server = await serve({
      behaviour: async (exchange) => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        exchange.serve();
      },
    });
    const finished = await runScript(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0 });
         const changed = await client.refresh();
         await client.close();
         done({ changed });
       })();`,
      server.url,
    );
    expect(answerOf(finished)).toEqual({ changed: false });
  });

  it('stays until a pending init has failed', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    const finished = await runScript(
      `sdk.FliptClient.init({ url, initTimeoutMs: 200 }).catch((error) => done(error.code));`,
      server.url,
    );
    expect(answerOf(finished)).toBe('FLIPT_INIT_TIMEOUT');
  });

  it('prints nothing, not on init, not on failures', async () => {
    const server = await serve({ behaviour: ['serve', { name: 'status', status: 500 }] });
    const finished = await runScript(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0.01, retry: { maxRetries: 0 } });
         await client.refresh().catch(() => {});
         try { client.evaluateBoolean({ flagKey: 'nope', entityId: 'a' }); } catch {}
         client.evaluateBatch([null]);
       })();`,
      server.url,
    );
    expect(finished).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it('may be ended by process.exit in any state', async () => {
    const server = await serve({ behaviour: ['serve', 'neverAnswers'] });
    for (const state of [
      'await client.close();',
      'client.close();',
      'client.refresh();',
      'client.evaluateBoolean({ flagKey: "banner", entityId: "a" });',
    ]) {
      const finished = await runScript(
        `(async () => {
           const client = await sdk.FliptClient.init({ url });
           ${state}
           process.exit(7);
         })();`,
        server.url,
      );
      expect(finished).toMatchObject({ code: 7, signal: null, stderr: '' });
      server.setBehaviour(['serve', 'neverAnswers']);
    }
  });

  it('has one copy of the classes, imported or required', async () => {
    const server = await serve();
    const finished = await runScript(
      `(async () => {
         const { pathToFileURL } = require('node:url');
         const entry = require.resolve(${JSON.stringify('./dist/index.js')}, { paths: [process.cwd()] });
         const esm = await import(pathToFileURL(entry.replace(/index\\.js$/, 'esm/index.mjs')));
         const client = await esm.FliptClient.init({ url });
         await client.close();
         done([client instanceof sdk.FliptClient, Object.keys(esm).sort().join() === Object.keys(sdk).sort().join()]);
       })();`,
      server.url,
    );
    expect(answerOf(finished)).toEqual([true, true]);
  });
});

describe('worker_threads', () => {
  const worker = `
    const { workerData, parentPort } = require('node:worker_threads');
    const sdk = require(workerData.entry);
    (async () => {
      const client = await sdk.FliptClient.init({ url: workerData.url, updateInterval: 0.01 });
      globalThis.client = client;
      for (let i = 0; i < 200; i++) client.evaluateBoolean({ flagKey: 'checkout', entityId: 'u' + i, context: { plan: 'premium' } });
      if (workerData.close) await client.close();
      parentPort.postMessage(client && workerData.close ? 'closed' : client.listFlags().length);
    })();`;

  const parent = (body: string) => `
    const { Worker } = require('node:worker_threads');
    const { once } = require('node:events');
    const start = (close) => new Worker(${JSON.stringify(worker)}, {
      eval: true,
      workerData: { url, close, entry: require.resolve(${JSON.stringify('./dist/index.js')}, { paths: [process.cwd()] }) },
    });
    (async () => { ${body} })();`;

  it('a client in each of several workers at once', async () => {
    const server = await serve();
    const finished = await runScript(
      parent(`
        const workers = [start(true), start(false), start(true)];
        const answers = await Promise.all(workers.map((w) => once(w, 'message').then(([m]) => m)));
        await Promise.all(workers.map((w) => w.terminate()));
        done(answers);`),
      server.url,
    );
    expect(answerOf(finished)).toEqual(['closed', 5, 'closed']);
  });

  it('a worker that never closes its client exits by itself', async () => {
    const server = await serve();
    const finished = await runScript(
      parent(`
        const w = start(false);
        const [code] = await once(w, 'exit');
        done(code);`),
      server.url,
    );
    expect(answerOf(finished)).toBe(0);
  });

  it('load and terminate, over and over, beside a client of the main thread', async () => {
    const server = await serve();
    const finished = await runScript(
      parent(`
        const client = await sdk.FliptClient.init({ url, updateInterval: 0.01 });
        for (let i = 0; i < 12; i++) {
          const w = start(false);
          if (i % 2) await once(w, 'message');
          await w.terminate();
        }
        done(client.listFlags().length);
        await client.close();`),
      server.url,
    );
    expect(answerOf(finished)).toBe(5);
  });
});

describe('timers of the caller', () => {
  it('fake timers cannot hang the client', async () => {
    const { vi } = await import('vitest');
    const server = await serve({ behaviour: [{ name: 'status', status: 503 }, 'serve'] });
    vi.useFakeTimers();
    try {
      const client = await FliptClient.init({
        url: server.url,
        updateInterval: 0,
        retry: { maxRetries: 1, baseDelayMs: 5 },
      });
      expect(client.listFlags()).toHaveLength(5);
      await client.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
