import { describe, expect, it } from 'vitest';
import { shop } from './support/flags.ts';
import { connected, failureOf, open, portable, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { FliptError } from './support/sdk.ts';

const unavailable = { name: 'status', status: 503 } as const;

describe('client.status', () => {
  it('describes a client that polls', async () => {
    const before = Date.now();
    const { client } = await connected({ updateInterval: 60 });
    const { status } = client;
    expect(status).toEqual({
      connection: 'polling',
      pollingActive: true,
      streamSupported: undefined,
      attempt: 0,
      nextAttemptAt: expect.any(Date),
      lastSuccessAt: expect.any(Date),
      lastError: undefined,
      stale: false,
      source: 'server',
      digest: shop().digest,
      flagCount: 5,
      snapshotBytes: JSON.stringify(shop()).length,
    });
    expect(Object.isFrozen(status)).toBe(true);
    const last = status.lastSuccessAt?.getTime() ?? 0;
    expect(last).toBeGreaterThanOrEqual(before - 1);
    expect(last).toBeLessThanOrEqual(Date.now() + 1);
    const wait = (status.nextAttemptAt?.getTime() ?? 0) - last;
    expect(wait).toBeGreaterThanOrEqual(54_000 - 100);
    expect(wait).toBeLessThanOrEqual(66_000 + 100);
  });

  it('of a client that asks only when it is told to has no next attempt', async () => {
    const { client } = await connected();
    expect(client.status).toMatchObject({ connection: 'polling', nextAttemptAt: undefined });
  });

  it('before the first flag state: connecting, from nowhere', async () => {
    const server = await serve({ behaviour: unavailable });
    const client = await open(server, { errorStrategy: 'fallback' });
    expect(client.status).toMatchObject({
      connection: 'connecting',
      source: 'none',
      attempt: 1,
      stale: false,
      digest: undefined,
      flagCount: 0,
      snapshotBytes: 0,
      lastSuccessAt: undefined,
      lastError: { code: 'FLIPT_SERVER_FAILED', retryable: true, details: { status: 503 } },
    });
    expect(client.status.lastError).toBeInstanceOf(FliptError);
  });

  it('with a snapshot to start from: its source, and no success yet', async () => {
    const server = await serve({ behaviour: unavailable });
    const snapshot = await portable(shop());
    const client = await open(server, { snapshot, errorStrategy: 'fallback' });
    expect(client.status).toMatchObject({
      source: 'snapshot',
      flagCount: 5,
      lastSuccessAt: undefined,
    });
    server.setBehaviour('serve');
    await client.refresh();
    expect(client.status).toMatchObject({ connection: 'polling', source: 'server' });
  });

  it('counts failed attempts, keeps the last success, and forgets the error with the next one', async () => {
    const { server, client } = await connected();
    const { lastSuccessAt } = client.status;
    server.setBehaviour(unavailable);
    for (const attempt of [1, 2]) {
      await failureOf(client.refresh());
      expect(client.status).toMatchObject({
        connection: 'reconnecting',
        attempt,
        lastSuccessAt,
        source: 'server',
        flagCount: 5,
        lastError: { code: 'FLIPT_SERVER_FAILED' },
      });
    }
    server.setBehaviour('serve');
    await client.refresh();
    expect(client.status).toMatchObject({
      connection: 'polling',
      attempt: 0,
      lastError: undefined,
    });
  });

  it('a namespace that is gone makes the flag state stale at once, and keeps it', async () => {
    const { server, client } = await connected();
    const recorder = new Recorder(client, ['stale', 'recovered']);
    server.removeNamespace();
    await failureOf(client.refresh());
    await recorder.waitFor('stale');
    expect(client.status).toMatchObject({
      stale: true,
      flagCount: 5,
      lastError: { code: 'FLIPT_NAMESPACE_NOT_FOUND' },
    });
    expect(client.listFlags()).toHaveLength(5);
    server.setSnapshot(shop());
    await client.refresh();
    await recorder.waitFor('recovered');
    expect(client.status.stale).toBe(false);
  });

  it('after close says so, at once and for ever', async () => {
    const { client } = await connected({ updateInterval: 0.02 });
    const closing = client.close();
    const closed = {
      connection: 'closed',
      pollingActive: false,
      nextAttemptAt: undefined,
      source: 'none',
      digest: undefined,
      flagCount: 0,
    };
    expect(client.status).toMatchObject(closed);
    await closing;
    expect(client.status).toMatchObject(closed);
  });
});
