import { describe, expect, it } from 'vitest';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, portable, quiet, serve } from './support/harness.ts';
import { ErrorStrategy, FliptClient } from './support/sdk.ts';

describe('when init settles', () => {
  it('resolves as soon as flag state is installed', async () => {
    const server = await serve();
    const client = await open(server);
    expect(client).toBeInstanceOf(FliptClient);
    expect(client.listFlags()).toHaveLength(5);
    expect(server.requests).toHaveLength(1);
  });

  it('rejects at once under fail for an error that retrying cannot mend', async () => {
    const server = await serve({ token: 'secret' });
    const options = quiet(server, { retry: { maxRetries: 5, baseDelayMs: 1 } });
    const error = await failureOf(FliptClient.init(options));
    expect(error).toMatchObject({ name: 'SecurityError', code: 'FLIPT_SERVER_UNAUTHENTICATED' });
    expect(server.requests).toHaveLength(1);
  });

  it('rejects under fail when the retries are used up', async () => {
    const server = await serve({ behaviour: { name: 'status', status: 503 } });
    const options = quiet(server, { retry: { maxRetries: 2, baseDelayMs: 1 } });
    const error = await failureOf(FliptClient.init(options));
    expect(error).toMatchObject({
      name: 'NetworkError',
      code: 'FLIPT_SERVER_FAILED',
      retryable: true,
    });
    expect(server.requests).toHaveLength(3);
  });

  it('resolves when a retry succeeds', async () => {
    const server = await serve({ behaviour: [{ name: 'status', status: 502 }, 'reset', 'serve'] });
    const client = await open(server, { retry: { maxRetries: 2, baseDelayMs: 1 } });
    expect(client.listFlags()).toHaveLength(5);
    expect(server.requests).toHaveLength(3);
  });

  it('rejects after initTimeoutMs although retries are left', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    const error = await failureOf(FliptClient.init(quiet(server, { initTimeoutMs: 50 })));
    expect(error).toMatchObject({ name: 'InitializationError', code: 'FLIPT_INIT_TIMEOUT' });
    expect((error as Error).message).toContain('50 ms');
  });

  it('rejects under fail although a snapshot was given', async () => {
    const snapshot = await portable(shop());
    const server = await serve({ behaviour: { name: 'status', status: 403 } });
    const error = await failureOf(FliptClient.init(quiet(server, { snapshot })));
    expect(error).toMatchObject({ code: 'FLIPT_SERVER_FORBIDDEN' });
  });

  it('resolves under fallback without flag state; evaluations throw until the first load', async () => {
    const server = await serve({ behaviour: [{ name: 'status', status: 403 }, 'serve'] });
    const client = await open(server, { errorStrategy: ErrorStrategy.Fallback });
    const request = { flagKey: 'banner', entityId: 'ann' };
    for (const call of [
      () => client.evaluateBoolean(request),
      () => client.evaluateVariant(request),
      () => client.evaluateBatch([request]),
      () => client.listFlags(),
      () => client.getSnapshot(),
    ]) {
      expect(await failureOf(call)).toMatchObject({
        name: 'EvaluationError',
        code: 'FLIPT_CLIENT_NOT_READY',
      });
    }
    expect(await client.refresh()).toBe(true);
    expect(client.evaluateBoolean(request).enabled).toBe(false);
  });

  it('goes on syncing behind a fallback that resolved without flag state', async () => {
    const server = await serve({ behaviour: [{ name: 'status', status: 503 }, 'serve'] });
    const logger = new Log();
    const client = await open(server, { errorStrategy: 'fallback', updateInterval: 0.02, logger });
    await server.waitForRequests(2);
    await logger.waitFor('info');
    expect(client.listFlags()).toHaveLength(5);
  });

  it('resolves under fallback from the snapshot after the first failed attempt, and retries behind', async () => {
    const snapshot = await portable(shop(2));
    const server = await serve({
      snapshot: shop(3),
      behaviour: [{ name: 'status', status: 503 }, 'serve'],
    });
    const logger = new Log();
    const client = await open(server, {
      errorStrategy: 'fallback',
      snapshot,
      logger,
      retry: { maxRetries: 1, baseDelayMs: 2_000 },
    });
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(true);
    await server.waitForRequests(2);
    await logger.waitFor('info');
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(false);
  });

  it('resolves under fallback from the snapshot after connectTimeoutMs when the server is silent', async () => {
    const snapshot = await portable(shop());
    const server = await serve({ behaviour: 'neverAnswers' });
    const client = await open(server, {
      errorStrategy: 'fallback',
      snapshot,
      connectTimeoutMs: 50,
    });
    expect(client.listFlags()).toHaveLength(5);
    expect(server.aborted).toBe(0);
  });

  it('replaces the snapshot by what a reachable server has', async () => {
    const snapshot = await portable(shop(1));
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server, { snapshot });
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(true);
  });
});

describe('a rejected or aborted init leaves nothing behind', () => {
  it('closes its connection and asks no more after a timeout', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    await failureOf(FliptClient.init(quiet(server, { initTimeoutMs: 400, updateInterval: 0.01 })));
    await server.waitForConnections(0);
    expect(server.requests).toHaveLength(1);
  });

  it('closes its connection and asks no more after an error', async () => {
    const server = await serve({ behaviour: { name: 'status', status: 404 } });
    const error = await failureOf(FliptClient.init(quiet(server, { updateInterval: 0.01 })));
    expect(error).toMatchObject({ code: 'FLIPT_NAMESPACE_NOT_FOUND' });
    await server.waitForConnections(0);
    expect(server.requests).toHaveLength(1);
  });

  it('stops when the signal is aborted, with the reason as the cause', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    const controller = new AbortController();
    const init = failureOf(FliptClient.init(quiet(server, { signal: controller.signal })));
    await server.waitForRequests(1);
    const reason = new Error('the user went away');
    controller.abort(reason);
    expect(await init).toMatchObject({
      name: 'InitializationError',
      code: 'FLIPT_INIT_ABORTED',
      cause: reason,
    });
    await server.waitForConnections(0);
    expect(server.requests).toHaveLength(1);
  });

  it('stops while it waits between retries', async () => {
    const server = await serve({ behaviour: { name: 'status', status: 503 } });
    const logger = new Log();
    const controller = new AbortController();
    const init = failureOf(
      FliptClient.init({
        url: server.url,
        signal: controller.signal,
        logger,
        retry: { baseDelayMs: 60_000 },
      }),
    );
    await server.waitForRequests(1);
    controller.abort();
    expect(await init).toMatchObject({ code: 'FLIPT_INIT_ABORTED' });
    await server.waitForConnections(0);
  });

  it('makes no request when the signal is aborted already', async () => {
    const server = await serve();
    const signal = AbortSignal.abort('too late');
    const error = await failureOf(FliptClient.init(quiet(server, { signal })));
    expect(error).toMatchObject({ code: 'FLIPT_INIT_ABORTED', cause: 'too late' });
    const client = await open(server);
    expect(server.requests).toHaveLength(1);
    await client.close();
  });

  it('keeps no listener on the signal once it has settled', async () => {
    const server = await serve({ behaviour: ['serve', { name: 'status', status: 500 }] });
    const listeners = new Set<unknown>();
    const signal = {
      aborted: false,
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_type: 'abort', listener: () => void) =>
        void listeners.delete(listener),
    };
    await open(server, { signal });
    expect(listeners.size).toBe(0);
    await failureOf(FliptClient.init(quiet(server, { signal })));
    expect(listeners.size).toBe(0);
  });

  it('takes no notice of the signal once it has resolved', async () => {
    const server = await serve();
    const controller = new AbortController();
    const client = await open(server, { signal: controller.signal });
    controller.abort();
    expect(client.listFlags()).toHaveLength(5);
    expect(await client.refresh()).toBe(false);
  });
});
