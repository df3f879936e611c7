import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import nock from 'nock';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, portable, quiet, serve } from './support/harness.ts';
import {
  type ClientOptions,
  FliptClient,
  type IFetcher,
  type IFetcherOptions,
} from './support/sdk.ts';

const PATH = '/internal/v1/evaluation/snapshot/namespace/default';

async function openWith(fetcher: IFetcher, options: ClientOptions = {}): Promise<FliptClient> {
  const client = await FliptClient.init(
    quiet({ url: 'http://localhost:9' }, { fetcher, ...options }),
  );
  onTestFinished(() => client.close());
  return client;
}

const NO_HEADERS = { get: (): null => null };

const bannerOf = (client: FliptClient) =>
  client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;

const ok = (body: unknown = shop(), etag = 'tag') =>
  Response.json(body, { status: 200, headers: { etag } });

describe('fetcher', () => {
  it('makes the requests; none leaves from Rust', async () => {
    const server = await serve();
    const calls: (IFetcherOptions | undefined)[] = [];
    const fetcher: IFetcher = async (options) => {
      calls.push(options);
      return ok();
    };
    const client = await FliptClient.init(quiet(server, { fetcher }));
    onTestFinished(() => client.close());
    await client.refresh();
    expect(calls).toHaveLength(2);
    expect(server.requests).toHaveLength(0);
    expect(server.connections).toBe(0);
  });

  it('is told the ETag to send, and receives a signal', async () => {
    const calls: (IFetcherOptions | undefined)[] = [];
    const client = await openWith(async (options) => {
      calls.push(options);
      return options?.etag === undefined ? ok() : new Response(null, { status: 304 });
    });
    expect(await client.refresh()).toBe(false);
    expect(calls).toStrictEqual([
      { signal: expect.any(AbortSignal) },
      { etag: shop().digest, signal: expect.any(AbortSignal) },
    ]);
    expect(calls.map((call) => call?.signal?.aborted)).toEqual([false, false]);
  });

  it.each(['arrayBuffer', 'text', 'json'])(
    'reads a response that has no more than %s()',
    async (way) => {
      const body = JSON.stringify(shop(2));
      const ways: Record<string, () => Promise<unknown>> = {
        arrayBuffer: async () => new TextEncoder().encode(body).buffer,
        text: async () => body,
        json: async () => JSON.parse(body),
      };
      const client = await openWith(
        async () =>
          ({
            ok: true,
            status: 200,
            statusText: 'OK',
            headers: NO_HEADERS,
            [way]: ways[way],
          }) as never,
      );
      expect(bannerOf(client)).toBe(true);
    },
  );

  it('headers may be a Map, or answer every name alike', async () => {
    for (const headers of [new Map([['etag', 'tag']]), { get: () => 'tag' }]) {
      const client = await openWith(
        async () =>
          ({
            ok: true,
            status: 200,
            statusText: 'OK',
            headers,
            json: async () => shop(2),
          }) as never,
      );
      expect(bannerOf(client)).toBe(true);
    }
  });

  it('retries, status codes and the error strategy are the same with a fetcher', async () => {
    const answers = [new Response('', { status: 503 }), ok(), new Response('', { status: 401 })];
    let calls = 0;
    const fetcher: IFetcher = async () => {
      calls += 1;
      return answers[calls - 1] ?? ok();
    };
    const client = await openWith(fetcher, { retry: { maxRetries: 1, baseDelayMs: 1 } });
    expect(calls).toBe(2);
    expect(await failureOf(client.refresh())).toMatchObject({
      name: 'SecurityError',
      code: 'FLIPT_SERVER_UNAUTHENTICATED',
    });
    expect(calls).toBe(3);
    expect(client.listFlags()).toHaveLength(5);
  });

  it('Retry-After is honoured with a fetcher', async () => {
    const at: number[] = [];
    const fetcher: IFetcher = async () => {
      at.push(performance.now());
      return at.length === 1
        ? new Response('', { status: 429, headers: { 'retry-after': '1' } })
        : ok();
    };
    await openWith(fetcher, { retry: { maxRetries: 1, baseDelayMs: 1, maxDelayMs: 1 } });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(900);
  });

  it('polls on the schedule of the client', async () => {
    let calls = 0;
    let reached = () => {};
    const thirdCall = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const fetcher: IFetcher = async () => {
      calls += 1;
      if (calls === 3) {
        reached();
      }
      return ok(shop(calls));
    };
    await openWith(fetcher, { updateInterval: 0.01 });
    await thirdCall;
    expect(calls).toBeGreaterThanOrEqual(3);
  });

  it('a failure is a named error with the cause; its message repeats nothing of the cause', async () => {
    const cause = new TypeError('request to http://u:p@host/?token=secret failed');
    const error = await failureOf(
      FliptClient.init(
        quiet({ url: 'http://localhost:9' }, { fetcher: () => Promise.reject(cause) }),
      ),
    );
    expect(error).toMatchObject({ name: 'NetworkError', code: 'FLIPT_FETCHER_FAILED', cause });
    expect((error as Error).message).toContain('TypeError');
    expect((error as Error).message).not.toMatch(/secret|host/);
  });

  it('a fetcher that throws instead of rejecting is the same', async () => {
    const cause = new Error('at once');
    const fetcher = () => {
      throw cause;
    };
    const error = await failureOf(
      FliptClient.init(quiet({ url: 'http://localhost:9' }, { fetcher })),
    );
    expect(error).toMatchObject({ code: 'FLIPT_FETCHER_FAILED', cause });
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'flags'],
    ['no status', { ok: true, headers: NO_HEADERS, json: async () => shop() }],
    ['no headers', { ok: true, status: 200, json: async () => shop() }],
    ['no body', { ok: true, status: 200, headers: NO_HEADERS }],
    [
      'a body that fails',
      { ok: true, status: 200, headers: NO_HEADERS, json: () => Promise.reject(new Error('cut')) },
    ],
  ])('a response with %s is a named error', async (_name, response) => {
    const fetcher = (async () => response) as never;
    const error = await failureOf(
      FliptClient.init(quiet({ url: 'http://localhost:9' }, { fetcher })),
    );
    expect(error).toMatchObject({ code: 'FLIPT_FETCHER_FAILED', cause: expect.any(Error) });
  });

  it.each([
    ['not JSON', 'oops'],
    ['an HTML page', '<!doctype html><p>Sign in'],
    ['another shape', '{"flags":1}'],
  ])('a body that is %s is refused, the flag state stays', async (_name, text) => {
    let calls = 0;
    const client = await openWith(async () => {
      calls += 1;
      return calls === 1 ? ok(shop(2)) : new Response(text, { status: 200 });
    });
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_RESPONSE_INVALID' });
    expect(bannerOf(client)).toBe(true);
  });

  it('a body larger than maxSnapshotBytes is refused', async () => {
    const fetcher: IFetcher = async () => new Response(`"${'x'.repeat(5_000)}"`, { status: 200 });
    const options = quiet({ url: 'http://localhost:9' }, { fetcher, maxSnapshotBytes: 4_000 });
    expect(await failureOf(FliptClient.init(options))).toMatchObject({
      code: 'FLIPT_RESPONSE_TOO_LARGE',
    });
  });

  it('one that never settles ends at requestTimeout, its signal aborted', async () => {
    const signals: IFetcherOptions['signal'][] = [];
    const fetcher: IFetcher = (options) => {
      signals.push(options?.signal);
      return new Promise(() => {});
    };
    const options = quiet({ url: 'http://localhost:9' }, { fetcher, requestTimeout: 0.05 });
    expect(await failureOf(FliptClient.init(options))).toMatchObject({
      code: 'FLIPT_REQUEST_TIMEOUT',
    });
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  it('an answer after the deadline is dropped', async () => {
    const late: (() => void)[] = [];
    let calls = 0;
    const client = await openWith(
      () => {
        calls += 1;
        return calls === 1
          ? Promise.resolve(ok(shop(1)))
          : new Promise((resolve) => late.push(() => resolve(ok(shop(2)))));
      },
      { requestTimeout: 0.4 },
    );
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_REQUEST_TIMEOUT' });
    late[0]?.();
    await new Promise(setImmediate);
    expect(bannerOf(client)).toBe(false);
  });

  it('close aborts the signal of a fetch under way, at once', async () => {
    const calls: IFetcherOptions[] = [];
    let started = () => {};
    const secondCall = new Promise<void>((resolve) => {
      started = resolve;
    });
    const client = await openWith((options) => {
      calls.push(options ?? {});
      if (calls.length === 1) {
        return Promise.resolve(ok());
      }
      started();
      return new Promise(() => {});
    });
    const refresh = failureOf(client.refresh());
    await secondCall;
    const closing = client.close();
    expect(calls[1]?.signal?.aborted).toBe(true);
    await closing;
    expect(await refresh).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
  });

  it('starts from a snapshot under fallback as well', async () => {
    const snapshot = await portable(shop(2));
    const client = await openWith(() => Promise.reject(new Error('offline')), {
      snapshot,
      errorStrategy: 'fallback',
    });
    expect(bannerOf(client)).toBe(true);
  });

  it('failures reach the logger without the message of the cause', async () => {
    const logger = new Log();
    const client = await openWith(() => Promise.reject(new Error('Bearer secret')), {
      errorStrategy: 'fallback',
      logger,
    });
    await client.refresh();
    const text = JSON.stringify(logger.entries);
    expect(text).toContain('fetcher');
    expect(text).not.toContain('secret');
  });
});

describe('fetch mocks work through the fetcher', () => {
  const url = 'http://flipt.test:8080';
  const fetcher: IFetcher = ({ etag, signal } = {}) =>
    fetch(`${url}${PATH}`, {
      headers: etag === undefined ? {} : { 'if-none-match': etag },
      ...(signal !== undefined && { signal }),
    });

  it('msw', async () => {
    let conditions: (string | null)[] = [];
    const mock = setupServer(
      http.get(`${url}${PATH}`, ({ request }) => {
        conditions = [...conditions, request.headers.get('if-none-match')];
        return conditions.length === 1
          ? HttpResponse.json(shop(2), { headers: { etag: shop(2).digest } })
          : new HttpResponse(null, { status: 304 });
      }),
    );
    mock.listen({ onUnhandledRequest: 'error' });
    onTestFinished(() => mock.close());
    const client = await openWith(fetcher);
    expect(bannerOf(client)).toBe(true);
    expect(await client.refresh()).toBe(false);
    expect(conditions).toEqual([null, shop(2).digest]);
  });

  it('nock', async () => {
    nock(url)
      .get(PATH)
      .reply(200, shop(2), { etag: shop(2).digest });
    nock(url).get(PATH).matchHeader('if-none-match', shop(2).digest).reply(304);
    onTestFinished(() => {
      nock.cleanAll();
      nock.restore();
    });
    const client = await openWith(fetcher);
    expect(bannerOf(client)).toBe(true);
    expect(await client.refresh()).toBe(false);
    expect(nock.isDone()).toBe(true);
  });

  it('the platform fetch against a real server', async () => {
    const server = await serve();
    const plain: IFetcher = ({ etag, signal } = {}) =>
      fetch(`${server.url}${PATH}`, {
        headers: etag === undefined ? {} : { 'if-none-match': etag },
        ...(signal !== undefined && { signal }),
      });
    const client = await open(server, { fetcher: plain });
    expect(await client.refresh()).toBe(false);
    server.setSnapshot(shop(2));
    expect(await client.refresh()).toBe(true);
    expect(server.requests).toHaveLength(3);
  });
});
