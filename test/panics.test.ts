import { createRequire } from 'node:module';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hooks } from './support/counted.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import type { ClientOptions, FliptClient, IFetcher } from './support/sdk.ts';
import type { TestServer } from './support/server.mjs';

// Read by the first client of the process.
process.env['FLIPT_NATIVE_BINARY'] = hooks;

/** `fetch` and `obtainCredential` are called by the background task, `event` wherever something is told. */
const { armPanic } = createRequire(import.meta.url)(hooks) as {
  armPanic(place: 'fetch' | 'obtainCredential' | 'event'): void;
};

const bannerOf = (client: FliptClient) =>
  client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;

/** Evaluates all the time until the test ends; nothing may ever fail. */
function evaluating(client: FliptClient): { count: number } {
  const seen = { count: 0 };
  const timer = setInterval(() => {
    if (client.listFlags().length !== 5 || typeof bannerOf(client) !== 'boolean') {
      throw new Error('evaluation noticed');
    }
    seen.count += 1;
  }, 1);
  onTestFinished(() => clearInterval(timer));
  return seen;
}

/** A fetcher that asks a server. */
const fetching =
  (server: TestServer): IFetcher =>
  ({ etag, signal } = {}) =>
    fetch(`${server.url}/internal/v1/evaluation/snapshot/namespace/default`, {
      headers: etag === undefined ? {} : { 'if-none-match': etag },
      signal: signal as AbortSignal,
    });

const PANIC = 'FLIPT_INTERNAL_PANIC';

describe('a panic in the background task', () => {
  it('is an error of the refresh that met it; the next one succeeds', async () => {
    const server = await serve();
    const logger = new Log();
    const client = await open(server, { fetcher: fetching(server), logger });
    const recorder = new Recorder(client);
    armPanic('fetch');
    const error = await failureOf(client.refresh());
    expect(error).toMatchObject({ name: 'FliptError', code: PANIC });
    expect((error as Error).message).toMatch(/^internal error: hooks\.rs:\d+$/);
    expect(recorder.of('error')).toEqual([expect.objectContaining({ code: PANIC })]);
    expect(logger.at('error')).toEqual([
      expect.stringMatching(/^the background task broke and starts again: internal error: /),
    ]);
    expect(client.status).toMatchObject({
      connection: 'reconnecting',
      lastError: expect.objectContaining({ code: PANIC }),
      flagCount: 5,
    });
    expect(bannerOf(client)).toBe(false);
    server.setSnapshot(shop(2));
    expect(await client.refresh()).toBe(true);
    expect(bannerOf(client)).toBe(true);
    expect(client.status).toMatchObject({ connection: 'polling', lastError: undefined });
  });

  const modes: [name: string, (server: TestServer) => ClientOptions][] = [
    ['a fetcher', (server) => ({ fetcher: fetching(server), updateInterval: 0.02 })],
    ['polling', () => ({ updateInterval: 0.02 })],
    ['streaming', () => ({ fetchMode: 'streaming', updateInterval: 0.02 })],
  ];

  it.each(modes)('is survived without help: %s', async (name, options) => {
    const server = await serve({ token: 'first' });
    let token = 'first';
    const authentication = { clientToken: () => token };
    server.setAuthorizations(name === 'a fetcher' ? undefined : ['Bearer first']);
    const logger = new Log();
    const client = await open(server, { authentication, logger, ...options(server) });
    const recorder = new Recorder(client, ['error', 'change', 'ready']);
    const evaluations = evaluating(client);
    // Each failed stream is followed by a longer wait than the one before.
    const revisions = name === 'streaming' ? [2] : [2, 3, 4];
    for (const revision of revisions) {
      if (name === 'streaming') {
        await server.waitFor('a stream', () => server.listeningStreams === 1);
      }
      armPanic(name === 'a fetcher' ? 'fetch' : 'obtainCredential');
      if (name !== 'a fetcher') {
        // The old token is refused, so that the function is asked again.
        token = `token ${revision}`.replace(' ', '-');
        server.setAuthorizations([`Bearer ${token}`]);
        server.closeStreams('reset');
      }
      while (panics(recorder) < revision - 1) {
        await recorder.waitFor('error', recorder.of('error').length + 1);
      }
      server.setSnapshot(shop(revision));
      await recorder.waitFor('change', revision - 1);
      expect(client.status.digest).toBe(shop(revision).digest);
    }
    expect(logger.at('error')).toHaveLength(revisions.length);
    expect(evaluations.count).toBeGreaterThan(0);
    // It is the same client: nothing begins anew.
    expect(recorder.of('ready').length).toBeLessThanOrEqual(1);
  });

  it('in the first load rejects init, or is behind a fallback', async () => {
    const server = await serve();
    const fetcher = fetching(server);
    armPanic('fetch');
    expect(await failureOf(open(server, { fetcher }))).toMatchObject({ code: PANIC });
    armPanic('fetch');
    const client = await open(server, {
      fetcher,
      errorStrategy: 'fallback',
      updateInterval: 0.02,
    });
    await client.waitForReady();
    expect(bannerOf(client)).toBe(false);
  });

  it('again and again makes no hot loop, and ends with close', async () => {
    const server = await serve();
    const client = await open(server, { fetcher: fetching(server), updateInterval: 0.1 });
    const began = performance.now();
    const recorder = new Recorder(client, ['error']);
    client.on('error', () => armPanic('fetch'));
    armPanic('fetch');
    await recorder.waitFor('error', 5);
    expect(performance.now() - began).toBeGreaterThan(300);
    expect(bannerOf(client)).toBe(false);
    await client.close();
    expect(client.status.connection).toBe('closed');
  });
});

describe('a panic while something is told', () => {
  it('costs that event and nothing else', async () => {
    const server = await serve();
    const client = await open(server);
    const recorder = new Recorder(client, ['change']);
    armPanic('event');
    for (const revision of [2, 3, 4]) {
      server.setSnapshot(shop(revision));
      expect(await client.refresh()).toBe(true);
      expect(client.status.digest).toBe(shop(revision).digest);
    }
    expect(recorder.of('change').length).toBeGreaterThanOrEqual(2);
  });
});

function panics(recorder: Recorder): number {
  return recorder.of('error').filter(({ code }) => code === PANIC).length;
}
