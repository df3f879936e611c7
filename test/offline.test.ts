import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, portable, quiet, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { type ClientOptions, FliptClient } from './support/sdk.ts';
import type { TestServer } from './support/server.mjs';

const ask = (flagKey: string) => ({ flagKey, entityId: 'ann' });

/** A client without a server that ends with the test. */
async function offline(options: ClientOptions = {}): Promise<FliptClient> {
  const client = await FliptClient.init({ offline: true, ...options });
  onTestFinished(() => client.close());
  return client;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flipt-native-offline-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('a client that starts offline', () => {
  it('answers everyone with the plain values of bootstrap', async () => {
    const theme = { dark: true, sizes: [1, 2.5] };
    const client = await offline({
      bootstrap: { on: true, off: false, plan: 'pro', limit: 500, theme },
    });
    expect(client.isReady).toBe(true);
    expect(client.evaluateBoolean(ask('on'))).toMatchObject({
      enabled: true,
      reason: 'DEFAULT_EVALUATION_REASON',
      segmentKeys: [],
    });
    expect(client.evaluateBoolean(ask('off')).enabled).toBe(false);
    expect(client.evaluateVariant(ask('plan'))).toMatchObject({
      variantKey: 'pro',
      variantAttachment: 'null',
      reason: 'DEFAULT_EVALUATION_REASON',
    });
    expect(client.evaluateVariant(ask('limit'))).toMatchObject({
      variantKey: '500',
      variantAttachment: '500',
    });
    expect(JSON.parse(client.evaluateVariant(ask('theme')).variantAttachment)).toEqual(theme);
    const batch = client.evaluateBatch([ask('on'), ask('plan')]);
    expect(batch.responses.map(({ type }) => type)).toEqual([
      'BOOLEAN_EVALUATION_RESPONSE_TYPE',
      'VARIANT_EVALUATION_RESPONSE_TYPE',
    ]);
    expect(client.status).toMatchObject({
      connection: 'offline',
      source: 'bootstrap',
      stale: false,
      pollingActive: false,
      flagCount: 5,
    });
  });

  it('takes what getSnapshot returned, the JSON of a server, and a snapshot option', async () => {
    const text = await portable(shop());
    for (const options of [
      { bootstrap: text },
      { bootstrap: Buffer.from(text, 'base64').toString() },
      { bootstrap: JSON.stringify(shop()) },
      { snapshot: text },
    ]) {
      const client = await offline(options);
      expect(client.listFlags()).toHaveLength(5);
      expect(client.status.source).toBe(Object.keys(options)[0]);
    }
  });

  it('takes a document of feature files', async () => {
    const bootstrap = [
      'namespace: shop',
      'flags:',
      '- { key: on, name: On, type: BOOLEAN_FLAG_TYPE, enabled: true }',
    ].join('\n');
    const client = await offline({ bootstrap, namespace: 'shop' });
    expect(client.getBooleanValue('on', false)).toBe(true);
    const wrong = FliptClient.init({ offline: true, bootstrap: 'flags:\n- {key: dark mode}\n' });
    expect(await failureOf(wrong)).toMatchObject({ code: 'FLIPT_SOURCE_INVALID' });
  });

  it('starts from the cache without a bootstrap', async () => {
    const server = await serve();
    const cache = { path: join(folder(), 'flags') };
    const first = await open(server, { cache });
    await first.close();
    await server.kill();
    const client = await offline({ url: server.url, cache });
    expect(client.listFlags()).toHaveLength(5);
    expect(client.status).toMatchObject({ source: 'cache', connection: 'offline', stale: true });
  });

  it('has no flags where there is nothing to start from, and says so', async () => {
    const logger = new Log();
    const client = await offline({ logger });
    expect(client.isReady).toBe(true);
    expect(client.listFlags()).toEqual([]);
    expect(() => client.evaluateBoolean(ask('x'))).toThrow(
      expect.objectContaining({ code: 'FLIPT_FLAG_NOT_FOUND' }),
    );
    expect(client.status).toMatchObject({ source: 'empty', flagCount: 0 });
    expect(logger.at('warn')).toEqual([expect.stringContaining('starts without flag state')]);
  });

  it('has no thread and no socket, and lets the process end', async () => {
    const script = `
      const fs = require('node:fs');
      const threads = () => fs.readdirSync('/proc/self/task').map((task) =>
        fs.readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim());
      const sockets = () => fs.readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          const target = fs.readlinkSync('/proc/self/fd/' + fd);
          return target.startsWith('socket:') ? [target] : [];
        } catch { return []; }
      });
      (async () => {
        const before = { threads: threads().length, sockets: sockets().length };
        const client = await sdk.FliptClient.init({ offline: true, bootstrap: { on: true } });
        await client.waitForReady();
        await client.refresh();
        await client.reconnect();
        await client.setOffline(true);
        client.evaluateBoolean({ flagKey: 'on', entityId: 'e' });
        const during = { threads: threads().length, sockets: sockets().length };
        const ours = threads().filter((name) => name.startsWith('flipt'));
        const closing = await sdk.FliptClient.init({ offline: true });
        await closing.close();
        const after = { threads: threads().length, sockets: sockets().length };
        done({ same: JSON.stringify(before) === JSON.stringify(during) &&
          JSON.stringify(before) === JSON.stringify(after), ours });
      })();`;
    expect(answerOf(await runScript(script))).toEqual({ same: true, ours: [] });
  }, 30_000);

  it('resolves calls for the network at once', async () => {
    const client = await offline({ bootstrap: { on: true } });
    await client.waitForReady({ timeoutMs: 0 });
    expect(await client.refresh()).toBe(false);
    await client.reconnect();
    await client.setOffline(true);
    const aborted = new AbortController();
    aborted.abort();
    expect(await failureOf(client.refresh({ signal: aborted.signal }))).toMatchObject({
      code: 'FLIPT_CALL_ABORTED',
    });
  });

  it('tells listeners that it is closed', async () => {
    const client = await offline({ bootstrap: { on: true } });
    const heard: string[] = [];
    client.on('ready', () => heard.push('ready'));
    client.on('status', ({ current }) => heard.push(current.connection));
    client.on('closed', () => heard.push('closed'));
    await Promise.resolve();
    await client.close();
    expect(heard).toEqual(['ready', 'closed', 'closed']);
    for (const call of [client.refresh(), client.setOffline(false), client.waitForReady()]) {
      expect(await failureOf(call)).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
    }
  });

  it('begins normal operation with the same listeners when it goes online', async () => {
    const server = await serve();
    const client = await offline({ ...quiet(server), bootstrap: { banner: false, gone: true } });
    expect(server.requests).toHaveLength(0);
    const events = new Recorder(client);
    await client.setOffline(false);
    expect(server.requests).toHaveLength(1);
    expect(client.status).toMatchObject({ connection: 'polling', source: 'server' });
    const changes = events.of('change');
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ removed: ['gone'], source: 'server' });
    await client.setOffline(true);
    expect(await client.refresh()).toBe(false);
    expect(server.requests).toHaveLength(1);
  });

  it('asks with a fetcher and with credentials only once it is online', async () => {
    const server = await serve();
    let fetched = 0;
    const client = await offline({
      fetcher: async ({ etag } = {}) => {
        fetched++;
        const path = '/internal/v1/evaluation/snapshot/namespace/default';
        return fetch(server.url + path, { headers: etag ? { 'if-none-match': etag } : {} });
      },
    });
    expect(fetched).toBe(0);
    await client.setOffline(false);
    expect(fetched).toBe(1);
    expect(client.listFlags()).toHaveLength(5);
    const other = await offline(quiet(server));
    await other.updateAuthentication({ clientToken: 'late' });
    await other.setOffline(false);
    expect(server.requests.at(-1)?.headers['authorization']).toBe('Bearer late');
  });
});

describe('setOffline', () => {
  it.each(['polling', 'streaming'] as const)(
    'takes a %s client off the network',
    async (fetchMode) => {
      const server = await serve();
      const client = await open(server, { fetchMode, updateInterval: 0.02 });
      const events = new Recorder(client);
      await client.setOffline(true);
      await server.waitForConnections(0);
      const asked = server.requests.length;
      expect(client.status).toMatchObject({
        connection: 'offline',
        source: 'server',
        stale: false,
        lastError: undefined,
        nextAttemptAt: undefined,
        pollingActive: false,
      });
      expect(client.listFlags()).toHaveLength(5);
      server.setSnapshot(shop(2));
      expect(await client.refresh()).toBe(false);
      expect(server.requests).toHaveLength(asked);
      expect(events.of('error')).toEqual([]);
      await client.setOffline(false);
      expect(server.requests.length).toBeGreaterThan(asked);
      expect(events.of('change')).toHaveLength(1);
      await client.setOffline(false);
    },
  );

  it('rejects when the server cannot be reached, and is online all the same', async () => {
    const server = await serve();
    const client = await open(server);
    await client.setOffline(true);
    await server.kill();
    expect(await failureOf(client.setOffline(false))).toMatchObject({
      code: 'FLIPT_CONNECTION_FAILED',
    });
    expect(client.status.connection).toBe('connecting');
    const calm = await offline({ ...quiet(server), errorStrategy: 'fallback' });
    await calm.setOffline(false);
    expect(calm.status.connection).toBe('connecting');
  });

  it('wants a boolean', async () => {
    const client = await offline();
    for (const [value, received] of [
      ['yes', 'a string'],
      [1, '1'],
      [undefined, 'undefined'],
    ]) {
      expect(await failureOf(client.setOffline(value as never))).toMatchObject({
        code: 'FLIPT_ARGUMENT_INVALID',
        details: { problems: [{ field: 'offline', received, allowed: 'true or false' }] },
      });
    }
  });
});

describe('a bootstrap without offline', () => {
  it('is ready at once and serves until the server answers', async () => {
    const server = await serve();
    server.setBehaviour('neverAnswers');
    const client = await open(server, { bootstrap: { banner: 'old', only: true } });
    expect(client.status).toMatchObject({ source: 'bootstrap', connection: 'connecting' });
    expect(client.evaluateBoolean(ask('only')).enabled).toBe(true);
    const changed = new Promise<void>((resolve) => client.once('change', () => resolve()));
    server.setBehaviour('serve');
    await client.reconnect();
    await changed;
    expect(client.status.source).toBe('server');
    expect(client.listFlags().map(({ key }) => key)).not.toContain('only');
  });

  it.each(['fail', 'fallback'] as const)(
    'serves where there is no server: %s',
    async (strategy) => {
      const server = await serve();
      await server.kill();
      const failed: unknown[] = [];
      const onError = (error: unknown) => failed.push(error);
      const options = { bootstrap: { only: true }, errorStrategy: strategy, onError } as const;
      for (const make of [open, shared]) {
        const client = await make(server, options);
        expect(client.evaluateBoolean(ask('only')).enabled).toBe(true);
        expect(client.isReady).toBe(true);
        await failureOf(client.refresh().then(() => Promise.reject(new Error('resolved'))));
        expect(client.status.source).toBe('bootstrap');
      }
      expect(failed).toContainEqual(expect.objectContaining({ code: 'FLIPT_CONNECTION_FAILED' }));
    },
  );
});

async function shared(server: TestServer, options: ClientOptions): Promise<FliptClient> {
  const client = await FliptClient.shared(quiet(server, options));
  onTestFinished(() => client.close());
  return client;
}

describe('localPort', () => {
  it('stands for a server on this machine', async () => {
    const server = await serve();
    const client = await FliptClient.init({ localPort: Number(new URL(server.url).port) });
    expect(client.listFlags()).toHaveLength(5);
    await client.close();
  });

  it('is refused in production, as the environment says at that moment, unless allowed', async () => {
    const before = process.env['NODE_ENV'];
    onTestFinished(() => {
      process.env['NODE_ENV'] = before;
    });
    process.env['NODE_ENV'] = 'production';
    const refused = await failureOf(
      FliptClient.init({ localPort: 8080, offline: true, colour: 1 } as never),
    );
    expect(refused).toMatchObject({ code: 'FLIPT_OPTION_INVALID' });
    const { problems } = (refused as { details: { problems: { field: string }[] } }).details;
    expect(problems.map(({ field }) => field).sort()).toEqual(['colour', 'localPort']);
    await offline({ localPort: 8080, allowLocalPortInProduction: true });
    process.env['NODE_ENV'] = 'development';
    await offline({ localPort: 8080 });
  });
});

describe('options that cannot be used', () => {
  it.each([
    [{ offline: 1 }, 'offline', '1'],
    [{ bootstrap: 7 }, 'bootstrap', '7'],
    [{ bootstrap: '' }, 'bootstrap', 'a blank text'],
    [{ bootstrap: new Map() }, 'bootstrap', 'a Map'],
    [{ bootstrap: { a: null } }, 'bootstrap.a', 'null'],
    [{ bootstrap: { a: Number.NaN } }, 'bootstrap.a', 'NaN'],
    [{ bootstrap: { a: { b: [() => {}] } } }, 'bootstrap.a', 'function'],
    [{ bootstrap: { a: '' } }, 'bootstrap.a', 'an empty text'],
    [{ bootstrap: {}, snapshot: 'e30=' }, 'bootstrap', "'bootstrap' together with 'snapshot'"],
    [{ localPort: 80, url: 'http://h' }, 'localPort', "'localPort' together with 'url'"],
    [{ localPort: 70_000 }, 'localPort', '70000'],
    [{ localPort: 1.5 }, 'localPort', '1.5'],
  ])('%j', async (options, field, received) => {
    const error = await failureOf(FliptClient.init({ offline: true, ...options } as never));
    expect(error).toMatchObject({
      code: 'FLIPT_OPTION_INVALID',
      details: { problems: [{ field, received }] },
    });
  });

  it('a text of another namespace', async () => {
    const bootstrap = await portable(shop());
    expect(
      await failureOf(FliptClient.init({ offline: true, bootstrap, namespace: 'other' })),
    ).toMatchObject({ code: 'FLIPT_SNAPSHOT_MISMATCH' });
  });
});
