import { describe, expect, it } from 'vitest';
import { body, boolean, shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve } from './support/harness.ts';
import { FliptClient } from './support/sdk.ts';
import type { Behaviour } from './support/server.mjs';

const PATH = '/internal/v1/evaluation/snapshot/namespace/default';

const bannerOf = (client: FliptClient) =>
  client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;

describe('refresh', () => {
  it('resolves with whether the flag state changed', async () => {
    const server = await serve();
    const client = await open(server);
    expect(await client.refresh()).toBe(false);
    server.setSnapshot(shop(2));
    expect(await client.refresh()).toBe(true);
    expect(bannerOf(client)).toBe(true);
    expect(await client.refresh()).toBe(false);
  });

  it('asks conditionally with the ETag of what is installed, byte for byte', async () => {
    const server = await serve();
    const client = await open(server);
    await client.refresh();
    server.setSnapshot(shop(2));
    await client.refresh();
    await client.refresh();
    const sent = server.requests.map(({ headers }) => headers['if-none-match']);
    expect(sent).toEqual([undefined, shop(1).digest, shop(1).digest, shop(2).digest]);
  });

  it('does not count new ids, names, descriptions and times as a change', async () => {
    const server = await serve();
    const client = await open(server);
    const touched = shop(1);
    touched.digest = shop(2).digest;
    for (const flag of touched.flags) {
      Object.assign(flag, {
        name: 'renamed',
        description: 'new',
        updatedAt: '2030-01-01T00:00:00Z',
      });
    }
    server.setSnapshot(touched);
    expect(await client.refresh()).toBe(false);
  });

  it('overlapping calls share one fetch', async () => {
    const server = await serve();
    const client = await open(server);
    server.setSnapshot(shop(2));
    const answers = await Promise.all([client.refresh(), client.refresh(), client.refresh()]);
    expect(answers).toEqual([true, true, true]);
    expect(server.requests).toHaveLength(2);
  });

  it('has one fetch in flight, so that an older response cannot overwrite a newer one', async () => {
    const server = await serve();
    const client = await open(server);
    let active = 0;
    let most = 0;
    let release = () => {};
    server.setBehaviour(async (exchange) => {
      active += 1;
      most = Math.max(most, active);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      active -= 1;
      exchange.serve();
    });
    const first = client.refresh();
    await server.waitForRequests(2);
    server.setSnapshot(shop(2));
    const second = client.refresh();
    release();
    await first;
    release();
    await second;
    expect(most).toBe(1);
    expect(bannerOf(client)).toBe(true);
  });

  it('rejects under fail, the flag state stays', async () => {
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server);
    server.setBehaviour({ name: 'status', status: 503 });
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_SERVER_FAILED' });
    expect(bannerOf(client)).toBe(true);
  });

  it('resolves with false under fallback, the flag state stays', async () => {
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server, { errorStrategy: 'fallback' });
    server.setBehaviour({ name: 'status', status: 503 });
    expect(await client.refresh()).toBe(false);
    expect(bannerOf(client)).toBe(true);
  });
});

describe('polling', () => {
  it('brings changes by itself, each wait within 10 % of updateInterval', async () => {
    const server = await serve();
    const logger = new Log();
    const client = await open(server, { updateInterval: 0.1, logger });
    const requests = await server.waitForRequests(6);
    const waits = requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));
    for (const wait of waits) {
      expect(wait).toBeGreaterThan(85);
    }
    server.setSnapshot(shop(2));
    const seen = server.requests.length;
    // The request after the one that brings the change is sent once the change is installed.
    await server.waitForRequests(seen + 2);
    expect(bannerOf(client)).toBe(true);
  });

  it('goes on for ever after failures, quietly, and says when it has recovered', async () => {
    const server = await serve();
    const logger = new Log();
    const client = await open(server, { updateInterval: 0.01, logger });
    server.setBehaviour({ name: 'status', status: 401 });
    await logger.waitFor('warn');
    const failing = server.requests.length;
    await server.waitForRequests(failing + 3);
    expect(logger.at('warn')).toHaveLength(1);
    server.setSnapshot(shop(2));
    server.setBehaviour('serve');
    await logger.waitFor('info', /recover|again/i);
    await server.waitForRequests(server.requests.length + 2);
    expect(bannerOf(client)).toBe(true);
  });

  it('0 turns it off', async () => {
    const server = await serve();
    const logger = new Log();
    const client = await open(server, { updateInterval: 0, logger });
    await client.refresh();
    await client.refresh();
    expect(server.requests).toHaveLength(3);
  });
});

describe('bad answers are refused with a named error, the flag state stays, the client is usable', () => {
  const answers: [name: string, behaviour: Behaviour, code: string][] = [
    ['a body that ends too soon', 'truncated', 'FLIPT_CONNECTION_FAILED'],
    ['a complete message with half a body', 'shortened', 'FLIPT_RESPONSE_INVALID'],
    ['a body that is not JSON', 'notJson', 'FLIPT_RESPONSE_INVALID'],
    ['an HTML page', 'html', 'FLIPT_RESPONSE_INVALID'],
    ['JSON of another shape', 'wrongShape', 'FLIPT_RESPONSE_INVALID'],
    ['gzip that is none', 'brokenGzip', 'FLIPT_RESPONSE_INVALID'],
    ['a gzip bomb', 'gzipBomb', 'FLIPT_RESPONSE_TOO_LARGE'],
    ['400', { name: 'status', status: 400 }, 'FLIPT_RESPONSE_UNEXPECTED'],
    ['401', { name: 'status', status: 401 }, 'FLIPT_SERVER_UNAUTHENTICATED'],
    ['403', { name: 'status', status: 403 }, 'FLIPT_SERVER_FORBIDDEN'],
    ['404', { name: 'status', status: 404 }, 'FLIPT_NAMESPACE_NOT_FOUND'],
    ['429', { name: 'status', status: 429 }, 'FLIPT_SERVER_RATE_LIMITED'],
    ['500', { name: 'status', status: 500 }, 'FLIPT_SERVER_FAILED'],
    ['502', { name: 'status', status: 502 }, 'FLIPT_SERVER_FAILED'],
    ['503', { name: 'status', status: 503 }, 'FLIPT_SERVER_FAILED'],
    ['a server that never answers', 'neverAnswers', 'FLIPT_REQUEST_TIMEOUT'],
    ['a stall in the headers', 'stallInHeaders', 'FLIPT_REQUEST_TIMEOUT'],
    ['a stall in the body', 'stallInBody', 'FLIPT_REQUEST_TIMEOUT'],
    ['a slow drip', 'drip', 'FLIPT_REQUEST_TIMEOUT'],
    ['a reset', 'reset', 'FLIPT_CONNECTION_FAILED'],
    ['a reset in the body', 'resetInBody', 'FLIPT_CONNECTION_FAILED'],
    ['a connection that is closed', 'hangUp', 'FLIPT_CONNECTION_FAILED'],
  ];

  it.each(answers)('%s', async (_name, behaviour, code) => {
    const server = await serve({ snapshot: shop(2) });
    const slow = code === 'FLIPT_REQUEST_TIMEOUT';
    const client = await open(server, slow ? { requestTimeout: 0.4 } : {});
    server.setSnapshot(shop(4));
    server.setBehaviour(behaviour);
    const error = await failureOf(client.refresh());
    expect(error).toMatchObject({ code });
    expect((error as Error).message).not.toContain('http');
    expect(bannerOf(client)).toBe(true);
    expect(client.listFlags()).toHaveLength(5);
    server.setBehaviour('serve');
    server.setSnapshot(shop(3));
    expect(await client.refresh()).toBe(true);
    expect(bannerOf(client)).toBe(false);
  });

  it('a body larger than maxSnapshotBytes', async () => {
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server, { maxSnapshotBytes: 64 * 1024 });
    const many = Array.from({ length: 2_000 }, (_, index) => boolean(`flag-${index}`));
    server.setSnapshot(body(many, 9));
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_RESPONSE_TOO_LARGE' });
    expect(bannerOf(client)).toBe(true);
  });

  it('a refused connection', async () => {
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server);
    await server.close();
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_CONNECTION_FAILED' });
    expect(bannerOf(client)).toBe(true);
  });

  it('a redirect to another origin is refused; the credentials do not follow', async () => {
    const elsewhere = await serve();
    const server = await serve({ token: 'secret' });
    const client = await open(server, { authentication: { clientToken: 'secret' } });
    for (const status of [301, 302, 307, 308]) {
      server.setBehaviour({ name: 'redirect', location: `${elsewhere.url}${PATH}`, status });
      expect(await failureOf(client.refresh())).toMatchObject({
        name: 'SecurityError',
        code: 'FLIPT_REDIRECT_REFUSED',
      });
    }
    expect(elsewhere.requests).toHaveLength(0);
    expect(client.listFlags()).toHaveLength(5);
  });
});

describe('Retry-After', () => {
  it('is honoured, not hurried by the own schedule', async () => {
    const server = await serve({
      behaviour: [{ name: 'status', status: 429, retryAfter: 1 }, 'serve'],
    });
    await open(server, { retry: { maxRetries: 1, baseDelayMs: 1, maxDelayMs: 1 } });
    const [first, second] = server.requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900);
  });
});

describe('odd answers that are tolerated', () => {
  it('one truncated 200 does not freeze the flags: ETag and snapshot are installed together', async () => {
    for (const behaviour of ['truncated', 'shortened'] as const) {
      const server = await serve();
      const client = await open(server);
      server.setSnapshot(shop(2));
      server.setBehaviour([behaviour, 'serve']);
      await failureOf(client.refresh());
      expect(await client.refresh()).toBe(true);
      expect(server.requests.at(-1)?.headers['if-none-match']).toBe(shop(1).digest);
      expect(bannerOf(client)).toBe(true);
    }
  });

  it('304 without an ETag: the status decides', async () => {
    const server = await serve({ snapshot: shop(2), behaviour: 'bareNotModified' });
    const client = await open(server);
    expect(await client.refresh()).toBe(false);
    expect(bannerOf(client)).toBe(true);
    await client.refresh();
    expect(server.requests.at(-1)?.headers['if-none-match']).toBe(shop(2).digest);
  });

  it('200 with the old ETag still carries a snapshot', async () => {
    const server = await serve();
    const client = await open(server);
    server.setSnapshot(shop(2));
    server.setBehaviour({ name: 'etag', etag: shop(1).digest });
    expect(await client.refresh()).toBe(true);
    expect(bannerOf(client)).toBe(true);
  });

  it('200 without an ETag, or with a weakened one: the body says its digest', async () => {
    for (const etag of [null, `W/"${shop(1).digest}"`]) {
      const server = await serve({ behaviour: { name: 'etag', etag } });
      const client = await open(server);
      await client.refresh();
      expect(server.requests.at(-1)?.headers['if-none-match']).toBe(shop(1).digest);
    }
  });

  it('unknown fields and enum values: a warning once, the rest as usual', async () => {
    const strange = {
      ...boolean('strange'),
      shape: 'round',
      rollouts: [{ type: 'MOON_ROLLOUT_TYPE' }],
    };
    const server = await serve({ snapshot: body([strange, boolean('banner')], 2) });
    const logger = new Log();
    const client = await open(server, { logger });
    expect(client.evaluateBoolean({ flagKey: 'strange', entityId: 'ann' })).toMatchObject({
      enabled: true,
      reason: 'DEFAULT_EVALUATION_REASON',
    });
    server.setSnapshot(body([strange, boolean('banner', false)], 3));
    expect(await client.refresh()).toBe(true);
    const warnings = logger.at('warn').filter((text) => text.includes('MOON_ROLLOUT_TYPE'));
    expect(warnings).toHaveLength(1);
  });

  it('a redirect within the origin is followed', async () => {
    const server = await serve({
      token: 'secret',
      behaviour: [{ name: 'redirect', location: `${PATH}?again` }, 'serve'],
    });
    const client = await open(server, { authentication: { clientToken: 'secret' } });
    expect(client.listFlags()).toHaveLength(5);
    expect(server.requests[1]?.path).toBe(`${PATH}?again`);
  });
});

describe('what is sent', () => {
  it('names environment, client and wish for gzip; nothing else is needed', async () => {
    const server = await serve({ environments: ['prod'] });
    await open(server, { environment: 'prod' });
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      path: PATH,
      headers: {
        'x-flipt-environment': 'prod',
        'x-flipt-accept-server-version': '1.47.0',
        'accept-encoding': expect.stringContaining('gzip'),
        'user-agent': expect.stringMatching(/flipt-native/),
      },
    });
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('the token or the JWT as Flipt reads them', async () => {
    const withToken = await serve({ token: 'abc' });
    await open(withToken, { authentication: { clientToken: 'abc' } });
    expect(withToken.requests[0]?.headers.authorization).toBe('Bearer abc');
    const withJwt = await serve({ jwt: 'a.b.c' });
    await open(withJwt, { authentication: { jwtToken: 'a.b.c' } });
    expect(withJwt.requests[0]?.headers.authorization).toBe('JWT a.b.c');
  });

  it('namespace and reference encoded, below any base path', async () => {
    const namespace = 'a/b c?d#e%f';
    const server = await serve({
      namespace,
      snapshot: shop(1, namespace),
      basePath: '/tools/flipt',
    });
    for (const url of [server.url, `${server.url}/`, `${server.url}//`]) {
      const client = await FliptClient.init(
        quiet({ url }, { namespace, reference: 'feature/x&y=z' }),
      );
      expect(client.listFlags()).toHaveLength(5);
      await client.close();
    }
    for (const { path } of server.requests) {
      const url = new URL(path, server.url);
      expect(url.pathname).toBe(
        `/tools/flipt/internal/v1/evaluation/snapshot/namespace/${encodeURIComponent(namespace)}`,
      );
      expect([...url.searchParams]).toEqual([['reference', 'feature/x&y=z']]);
    }
  });

  it('an unknown environment or namespace is a named error', async () => {
    const server = await serve();
    for (const options of [{ environment: 'nope' }, { namespace: 'nope' }]) {
      expect(await failureOf(FliptClient.init(quiet(server, options)))).toMatchObject({
        code: 'FLIPT_NAMESPACE_NOT_FOUND',
        details: { status: 404 },
      });
    }
  });
});
