import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hooks } from './support/counted.ts';
import { shop } from './support/flags.ts';
import { failureOf, quiet, serve } from './support/harness.ts';
import { type ClientEvents, type ClientOptions, FliptClient } from './support/sdk.ts';
import {
  type BehaviourName,
  type StreamBehaviourName,
  startServer,
  type TestServer,
} from './support/server.mjs';

// Read by the first client of the process.
process.env['FLIPT_NATIVE_BINARY'] = hooks;

type Counts = Record<'clients' | 'snapshots' | 'evaluators', number>;

const { liveCounts } = createRequire(import.meta.url)(hooks) as { liveCounts(): Counts };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The promise is 100 ms; a test must not need a fast machine. */
const CLOSE_GUARD_MS = 2_000;

const alive = () => ({ ...liveCounts(), descriptors: descriptors() });

function descriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

async function closesSoon(client: FliptClient): Promise<void> {
  const began = performance.now();
  await client.close();
  expect(performance.now() - began).toBeLessThan(CLOSE_GUARD_MS);
  expect(client.status.connection).toBe('closed');
  expect(client.isReady).toBe(false);
}

/** Lives through something on a server; what was alive and open before is so afterwards, and nothing else. */
async function leavesNothing(server: TestServer, life: () => Promise<unknown>): Promise<void> {
  const before = alive();
  expect(before).toMatchObject({ clients: 0, snapshots: 0, evaluators: 0 });
  await life();
  server.resume();
  await server.waitForConnections(0);
  await until(() => {
    const { descriptors, ...counts } = alive();
    return descriptors <= before.descriptors && Object.values(counts).every((count) => count === 0);
  });
}

async function until(check: () => boolean): Promise<void> {
  const collected = () => {
    collectGarbage();
    return check();
  };
  await vi.waitUntil(collected, { timeout: 20_000, interval: 10 });
}

/** The URL of a port where no connection comes about: its backlog is full, and nobody accepts. */
let deadEnd: string;
const blocked: { kill(): void }[] = [];

beforeAll(async () => {
  // The first client of a process starts what stays.
  await using server = await startServer({ snapshot: shop() });
  await (await FliptClient.init(quiet(server))).close();
  await until(() => liveCounts().evaluators === 0);
});

beforeAll(async () => {
  const source = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'ignore'] });
  const port = Number((await once(child.stdout, 'data'))[0]);
  child.kill('SIGSTOP');
  const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  blocked.push({ kill: () => child.kill('SIGKILL') });
  blocked.push(...sockets.map((socket) => ({ kill: () => socket.destroy() })));
  await vi.waitUntil(() => sockets.filter(({ connecting }) => !connecting).length === 2);
  deadEnd = `http://127.0.0.1:${port}`;
});

afterAll(() => blocked.forEach((one) => void one.kill()));

const PATIENT: ClientOptions = { requestTimeout: 60, connectTimeoutMs: 60_000 };

const init = (server: { url: string }, options?: ClientOptions) =>
  FliptClient.init(quiet(server, options));

/** A first load that does not come to its end: what the server does, the options, and what the status says then. */
type FirstLoad = (server: TestServer) => { options?: ClientOptions; status?: object };

const firstLoads: Record<string, FirstLoad> = {
  'connecting, unanswered': () => ({ options: { url: deadEnd } }),
  'connected to a process that stands still': (server) => {
    server.pause();
    return {};
  },
  'in a TLS handshake': (server) => {
    server.pause();
    return { options: { url: server.url.replace('http:', 'https:') } };
  },
  'in backoff': (server) => {
    server.setBehaviour({ name: 'status', status: 503 });
    return {
      options: { retry: { maxRetries: 5, baseDelayMs: 60_000, maxDelayMs: 60_000 } },
      status: { attempt: 1, nextAttemptAt: expect.any(Date) },
    };
  },
  'held back by Retry-After': (server) => {
    server.setBehaviour({ name: 'status', status: 429, retryAfter: 200 });
    return {
      options: { retry: { maxRetries: 5 } },
      status: { attempt: 1, nextAttemptAt: expect.any(Date) },
    };
  },
  'asking for a credential': () => ({
    options: { authentication: { clientToken: () => new Promise<string>(() => {}) } },
  }),
  'in a fetcher that never settles': () => ({ options: { fetcher: () => new Promise(() => {}) } }),
};

const halves: BehaviourName[] = ['neverAnswers', 'stallInHeaders', 'stallInBody', 'drip'];
for (const behaviour of halves) {
  firstLoads[`with an answer that is ${behaviour}`] = (server) => {
    server.setBehaviour(behaviour);
    return {};
  };
}

/** Resolves with a client in a state that is worth closing. */
type Enter = (server: TestServer) => Promise<FliptClient>;

const streaming: Record<string, Enter> = {};
const streams: StreamBehaviourName[] = [
  'serve',
  'silence',
  'headersOnly',
  'halfLine',
  'pieces',
  'endlessLine',
  'stallInHeaders',
  'plainNotFound',
];
for (const behaviour of streams) {
  streaming[`with a stream that is ${behaviour}`] = async (server) => {
    server.setStreamBehaviour(behaviour);
    const client = await init(server, { fetchMode: 'streaming' });
    await server.waitForRequests(1, 'stream');
    return client;
  };
}
Object.assign(streaming, {
  'with a stream that brings data': async (server: TestServer) => {
    const client = await init(server, { fetchMode: 'streaming' });
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    for (let revision = 2; revision < 50; revision += 1) {
      server.setSnapshot(shop(revision));
    }
    return client;
  },
  'between attempts at a stream, polling beside it': async (server: TestServer) => {
    server.setStreamBehaviour('endAtOnce');
    const client = await init(server, {
      fetchMode: 'streaming',
      maxStreamRetries: 0,
      updateInterval: 0.02,
    });
    await vi.waitUntil(() => client.status.pollingActive, { timeout: 20_000 });
    return client;
  },
});

describe('close resolves soon and leaves nothing', () => {
  it.each(Object.entries(firstLoads))('%s', async (_name, arrange) => {
    const server = await serve();
    await leavesNothing(server, async () => {
      const { options, status = { attempt: 0, nextAttemptAt: undefined } } = arrange(server);
      const unsettled = { errorStrategy: 'fallback', initTimeoutMs: 100 } as const;
      const client = await init(server, { ...PATIENT, ...unsettled, ...options });
      expect(client.status).toMatchObject({ connection: 'connecting', ...status });
      await closesSoon(client);
      await closesSoon(client);
    });
  });

  it.each(Object.entries(streaming))('%s', async (_name, enter) => {
    const server = await serve();
    await leavesNothing(server, async () => closesSoon(await enter(server)));
  });

  it('twice at once, and while it polls', async () => {
    const server = await serve();
    await leavesNothing(server, async () => {
      const client = await init(server, { updateInterval: 0.01 });
      await server.waitForRequests(5);
      await Promise.all([closesSoon(client), closesSoon(client)]);
    });
  });
});

describe('init that is called off leaves nothing', () => {
  it.each(Object.entries(firstLoads))('%s', async (_name, arrange) => {
    const server = await serve();
    await leavesNothing(server, async () => {
      const controller = new AbortController();
      const { options } = arrange(server);
      const initTimeoutMs = 3_600_000;
      const { signal } = controller;
      const failed = failureOf(init(server, { ...PATIENT, ...options, initTimeoutMs, signal }));
      // Not every state can be seen from here.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const abortedAt = performance.now();
      controller.abort();
      expect(await failed).toMatchObject({ code: 'FLIPT_INIT_ABORTED' });
      expect(performance.now() - abortedAt).toBeLessThan(CLOSE_GUARD_MS);
    });
  });
});

describe('close inside a listener', () => {
  const unavailable = { name: 'status', status: 503 } as const;
  const provoke: Record<keyof ClientEvents, (server: TestServer) => void> = {
    ready: () => {},
    change: (server) => server.setSnapshot(shop(2)),
    status: (server) => server.setBehaviour(unavailable),
    error: (server) => server.setBehaviour(unavailable),
    stale: (server) => server.removeNamespace(),
    recovered: (server) => server.removeNamespace(),
    closed: () => {},
  };

  it.each(Object.keys(provoke) as (keyof ClientEvents)[])('of %s', async (event) => {
    const server = await serve();
    await leavesNothing(server, async () => {
      const client = await init(server, { errorStrategy: 'fallback' });
      const closed = new Promise<void>((resolve) => {
        client.on(event, () => resolve(closesSoon(client)));
      });
      provoke[event](server);
      if (event === 'closed') {
        await client.close();
      } else {
        await client.refresh().catch(() => {});
      }
      if (event === 'recovered') {
        server.setSnapshot(shop());
        await client.refresh().catch(() => {});
      }
      await closed;
    });
  });

  it('of a change that a stream brought, of one flag, and in a loop over changes', async () => {
    const server = await serve();
    for (const listen of [
      (client: FliptClient, close: () => void) => void client.on('change', close),
      (client: FliptClient, close: () => void) => void client.onFlagChange('banner', close),
      async (client: FliptClient, close: () => void) => {
        for await (const _change of client.changes()) close();
      },
    ]) {
      server.setSnapshot(shop(1));
      await leavesNothing(server, async () => {
        const client = await init(server, { fetchMode: 'streaming' });
        await server.waitFor('a stream', () => server.listeningStreams === 1);
        const closed = new Promise<void>((resolve) => {
          void listen(client, () => resolve(closesSoon(client)));
        });
        server.setSnapshot(shop(2));
        await closed;
      });
    }
  });
});

describe('close ends what is pending', () => {
  const calls: Record<string, (client: FliptClient) => Promise<unknown>> = {
    refresh: (client) => client.refresh(),
    reconnect: (client) => client.reconnect(),
    'ten of both': (client) =>
      Promise.allSettled(
        Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? client.refresh() : client.reconnect())),
      ).then((results) => {
        const codes = results.map((result) => (result as PromiseRejectedResult).reason.code);
        expect(new Set(codes)).toEqual(new Set(['FLIPT_CLIENT_CLOSED']));
        throw (results[0] as PromiseRejectedResult).reason;
      }),
  };

  it.each(Object.keys(calls))('%s', async (name) => {
    for (const fetchMode of ['polling', 'streaming'] as const) {
      const server = await serve();
      await leavesNothing(server, async () => {
        const client = await init(server, { ...PATIENT, fetchMode, errorStrategy: 'fallback' });
        server.setBehaviour('neverAnswers');
        const pending = failureOf((calls[name] as (typeof calls)[string])(client));
        await server.waitFor('a request', () => server.openPolls === 1);
        await closesSoon(client);
        expect(await pending).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
      });
    }
  });

  it('waitForReady, and a loop over changes', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    await leavesNothing(server, async () => {
      const unsettled = { errorStrategy: 'fallback', initTimeoutMs: 100 } as const;
      const client = await init(server, { ...PATIENT, ...unsettled });
      const ready = failureOf(client.waitForReady({ timeoutMs: 3_600_000 }));
      const change = client.changes().next();
      await closesSoon(client);
      expect(await ready).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
      expect(await change).toEqual({ done: true, value: undefined });
    });
  });
});
