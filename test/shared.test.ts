import { describe, expect, it, onTestFinished } from 'vitest';
import { body, boolean, shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve as serveShop } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import {
  type ClientOptions,
  FliptClient,
  type FliptError,
  type IFetcher,
  internals,
} from './support/sdk.ts';
import type { ServerOptions, TestServer } from './support/server.mjs';

const { forcePath } = internals;

const forbidden = { name: 'status', status: 403 } as const;

/** A server whose banner is on. */
const serve = (options: ServerOptions = {}) => serveShop({ snapshot: shop(2), ...options });

/** A handle on the shared client of the server. */
async function share(server: TestServer, options: ClientOptions = {}): Promise<FliptClient> {
  const client = await FliptClient.shared(quiet(server, options));
  onTestFinished(() => client.close());
  return client;
}

const banner = (client: FliptClient): boolean =>
  client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;

/** A fetcher that remembers its calls. */
function fetcherOf(server: TestServer): { fetcher: IFetcher; calls: () => number } {
  let calls = 0;
  const address = `${server.url}/internal/v1/evaluation/snapshot/namespace/default`;
  const fetcher: IFetcher = ({ etag, signal } = {}) => {
    calls += 1;
    return fetch(address, {
      headers: etag === undefined ? {} : { 'if-none-match': etag },
      ...(signal !== undefined && { signal }),
    });
  };
  return { fetcher, calls: () => calls };
}

describe('handles of one identity', () => {
  it('are distinct and ask the server once', async () => {
    const server = await serve();
    const handles = await Promise.all(Array.from({ length: 5 }, () => share(server)));
    expect(new Set(handles).size).toBe(5);
    expect(handles.map(banner)).toEqual([true, true, true, true, true]);
    const later = await share(server, { url: `${server.url}/` });
    expect(banner(later)).toBe(true);
    expect(server.requests).toHaveLength(1);
    server.setSnapshot(body([boolean('banner', false)]));
    expect(await handles[2]?.refresh()).toBe(true);
    expect([...handles, later].map(banner)).toEqual(Array(6).fill(false));
    expect(server.requests).toHaveLength(2);
  });

  it.each([
    ['namespace', { namespace: 'other' }],
    ['environment', { environment: 'staging' }],
    ['reference', { reference: 'main' }],
    ['authentication', { authentication: { clientToken: 'other' } }],
  ])('another %s is another client', async (_name, options) => {
    const server = await serve({ behaviour: (exchange) => exchange.respond(200, {}, shop(2)) });
    await share(server);
    await share(server, options).catch(() => {});
    expect(server.requests).toHaveLength(2);
  });

  it('init shares with nobody', async () => {
    const server = await serve();
    await share(server);
    await open(server);
    await open(server);
    expect(server.requests).toHaveLength(3);
  });

  it('the last one that is closed ends the connection, and the next starts afresh', async () => {
    const server = await serve();
    const handles = await Promise.all([share(server), share(server), share(server)]);
    await handles[0].close();
    await handles[0].close();
    await handles[1].close();
    expect(banner(handles[2])).toBe(true);
    await handles[2].close();
    expect(banner(await share(server))).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('one may be asked for while the last is being closed', async () => {
    const server = await serve();
    let last = await share(server);
    for (let i = 0; i < 20; i++) {
      const closing = last.close();
      last = await share(server);
      expect(banner(last)).toBe(true);
      await closing;
    }
  });
});

describe('handles that stream', () => {
  it('have one stream, whose changes reach them all', async () => {
    const server = await serve();
    const handles = await Promise.all(
      [1, 2, 3].map(() => share(server, { fetchMode: 'streaming' })),
    );
    await server.waitForStreams(1);
    const changed = handles.map((client) => new Recorder(client, ['change']).waitFor('change'));
    server.setSnapshot(shop(3));
    for (const [change] of await Promise.all(changed)) {
      expect(change?.flagKeys).toEqual(['banner']);
    }
    expect(handles.map(banner)).toEqual([false, false, false]);
    expect(server.requests.map(({ channel }) => channel).sort()).toEqual(['poll', 'stream']);
    await Promise.all(handles.slice(1).map((client) => client.close()));
    expect(server.openStreams).toBe(1);
    await handles[0]?.close();
    await server.waitForStreams(0);
  });
});

describe('a closed handle', () => {
  it.each(['fast', 'slow'] as const)('says so on the %s path while others go on', async (path) => {
    const server = await serve();
    const [gone, here] = [await share(server), await share(server)];
    banner(gone);
    forcePath(path === 'slow' ? 'slow' : undefined);
    onTestFinished(() => forcePath(undefined));
    const closing = gone.close();
    const calls: (() => unknown)[] = [
      () => banner(gone),
      () => gone.evaluateVariant({ flagKey: 'theme', entityId: 'ann' }),
      () => gone.evaluateBatch([{ flagKey: 'banner', entityId: 'ann' }]),
      () => gone.listFlags(),
      () => gone.getSnapshot(),
      () => gone.refresh(),
      () => gone.reconnect(),
      () => gone.waitForReady(),
      () => gone.updateAuthentication({ clientToken: 'x' }),
    ];
    for (const call of calls) {
      expect(await failureOf(async () => call())).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
    }
    expect(gone.getBooleanDetails('banner', false)).toMatchObject({ errorCode: 'CLIENT_CLOSED' });
    expect(gone.status).toMatchObject({ connection: 'closed', flagCount: 0, source: 'none' });
    expect(gone.isReady).toBe(false);
    await closing;
    expect(banner(here)).toBe(true);
    expect(here.status.connection).toBe('polling');
    expect(await here.refresh()).toBe(false);
  });

  it('hears nothing of what happens later, but of its end', async () => {
    const server = await serve();
    const [gone, here] = [await share(server), await share(server)];
    const [ears, others] = [new Recorder(gone), new Recorder(here)];
    server.setSnapshot(shop(3));
    await gone.refresh();
    await gone.close();
    server.setSnapshot(shop(4));
    await here.refresh();
    expect(ears.names.filter((name) => name !== 'ready')).toEqual(['change', 'status', 'closed']);
    expect(ears.of('status')[0]?.current.connection).toBe('closed');
    await others.waitFor('change', 2);
    expect(others.names).not.toContain('closed');
  });

  it('ends what waits on it alone', async () => {
    const server = await serve({ behaviour: [forbidden, 'neverAnswers'] });
    const options = { errorStrategy: 'fallback' } as const;
    const [gone, here] = [await share(server, options), await share(server, options)];
    const waiting = [gone.refresh(), gone.waitForReady()].map((call) => failureOf(call));
    await gone.close();
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
    }
    expect(here.status.connection).not.toBe('closed');
  });
});

describe('what belongs to a handle', () => {
  it('its listeners, also those among the options', async () => {
    const server = await serve();
    const seen: string[] = [];
    const listeners = (name: string): ClientOptions => ({
      onReady: () => void seen.push(`${name} ready`),
      onUpdate: () => void seen.push(`${name} update`),
      onError: () => void seen.push(`${name} error`),
    });
    const first = await share(server, listeners('first'));
    const second = await share(server, listeners('second'));
    expect(seen).toEqual(['first ready', 'second ready']);
    await first.close();
    server.setSnapshot(shop(3));
    await second.refresh();
    expect(seen).toEqual(['first ready', 'second ready', 'second update']);
    server.setBehaviour(forbidden);
    await failureOf(second.refresh());
    expect(seen.at(-1)).toBe('second error');
  });

  it('its logger', async () => {
    const server = await serve();
    const [one, two] = [new Log(), new Log()];
    const first = await share(server, { logger: one });
    const second = await share(server, { logger: two });
    server.setBehaviour(forbidden);
    await failureOf(first.refresh());
    for (const log of [one, two]) {
      await log.waitFor('warn', /403/);
    }
    first.on('error', () => {
      throw new Error('mine');
    });
    await failureOf(first.refresh());
    await one.waitFor('warn', /mine/);
    expect(two.at('warn').join()).not.toContain('mine');
    await second.close();
    const count = two.entries.length;
    await failureOf(first.refresh());
    expect(two.entries).toHaveLength(count);
  });

  it('its error strategy, its deadline and its signal', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    const controller = new AbortController();
    const attempts = [
      failureOf(share(server, { initTimeoutMs: 60, requestTimeout: 20 })),
      failureOf(share(server, { signal: controller.signal, requestTimeout: 20 })),
      share(server, { initTimeoutMs: 60, requestTimeout: 20, errorStrategy: 'fallback' }),
    ] as const;
    expect(await attempts[0]).toMatchObject({ code: 'FLIPT_INIT_TIMEOUT' });
    controller.abort();
    expect(await attempts[1]).toMatchObject({ code: 'FLIPT_INIT_ABORTED' });
    const lenient = await attempts[2];
    expect(lenient.isReady).toBe(false);
    expect(server.requests).toHaveLength(1);
  });

  it('its context', async () => {
    const server = await serve();
    const [one, two] = [await share(server), await share(server)];
    one.setContext({ plan: 'premium' });
    expect(two.getContext()).toEqual({});
  });
});

describe('other options', () => {
  it('are the first handle’s; a warning names those that differ', async () => {
    const server = await serve();
    const [one, two, three] = [new Log(), new Log(), new Log()];
    await share(server, { logger: one });
    await share(server, { logger: two, requestTimeout: 7, proxy: 'http://hunter2@localhost:9' });
    await share(server, { logger: three, initTimeoutMs: 77, errorStrategy: 'fallback' });
    expect(two.at('warn')).toEqual([expect.stringMatching(/differ: requestTimeout, proxy$/)]);
    expect(two.at('warn').join()).not.toContain('hunter2');
    expect([...one.at('warn'), ...three.at('warn')]).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  it('are checked all the same', async () => {
    const server = await serve();
    await share(server);
    for (const bad of [{ colour: 'red' }, { hook: 7 }, { updateInterval: -1 }]) {
      const error = await failureOf(FliptClient.shared(quiet(server, bad as never)));
      expect(error).toMatchObject({ code: 'FLIPT_OPTION_INVALID' });
    }
  });
});

describe('a first start that fails', () => {
  it('is the error of all who wait for it, and poisons nothing', async () => {
    const server = await serve({ behaviour: [forbidden, 'serve'] });
    const attempts = Array.from({ length: 3 }, () => failureOf(share(server)));
    for (const error of await Promise.all(attempts)) {
      expect(error).toMatchObject({ code: 'FLIPT_SERVER_FORBIDDEN' });
    }
    expect(server.requests).toHaveLength(1);
    expect(banner(await share(server))).toBe(true);
  });

  it('is asked anew when a handle lives on without flag state', async () => {
    const server = await serve({ behaviour: [forbidden, forbidden, 'serve'] });
    const lenient = await share(server, { errorStrategy: 'fallback' });
    expect(await failureOf(share(server))).toMatchObject({ code: 'FLIPT_SERVER_FORBIDDEN' });
    expect(banner(await share(server))).toBe(true);
    expect(banner(lenient)).toBe(true);
    expect(server.requests).toHaveLength(3);
  });
});

describe('with functions', () => {
  it('the same fetcher makes the same client, and serves on when the first handle is gone', async () => {
    const server = await serve();
    const { fetcher, calls } = fetcherOf(server);
    const [first, second] = await Promise.all([
      share(server, { fetcher }),
      share(server, { fetcher }),
    ]);
    expect(calls()).toBe(1);
    await first.close();
    server.setSnapshot(shop(3));
    expect(await second.refresh()).toBe(true);
    const third = await share(server, { fetcher });
    await second.close();
    expect(await third.refresh()).toBe(false);
    expect(calls()).toBe(3);
    await third.close();
    await share(server, { fetcher });
    expect(calls()).toBe(4);
    await share(server, { fetcher: (options) => fetcher(options) });
    await share(server, { fetcher, namespace: 'default', environment: 'other' });
    await share(server);
    expect(calls()).toBe(6);
  });

  it('closing one handle does not call off the request of the others', async () => {
    const server = await serve();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { fetcher } = fetcherOf(server);
    const slow: IFetcher = async (options) => {
      await held;
      return fetcher(options);
    };
    const pending = share(server, { fetcher: slow });
    const hasty = failureOf(share(server, { fetcher: slow, initTimeoutMs: 40 }));
    expect(await hasty).toMatchObject({ code: 'FLIPT_INIT_TIMEOUT' });
    release();
    expect(banner(await pending)).toBe(true);
  });

  it('the error of a shared fetcher has its failure as cause for everyone', async () => {
    const server = await serve();
    const cause = new Error('mine');
    const fetcher: IFetcher = () => Promise.reject(cause);
    const attempts = [failureOf(share(server, { fetcher })), failureOf(share(server, { fetcher }))];
    for (const error of await Promise.all(attempts)) {
      expect(error).toMatchObject({ code: 'FLIPT_FETCHER_FAILED', cause });
    }
  });

  it('the same function for a token makes the same client', async () => {
    const server = await serve({ token: 'abc' });
    let calls = 0;
    const clientToken = () => {
      calls += 1;
      return 'abc';
    };
    const first = await share(server, { authentication: { clientToken } });
    const second = await share(server, { authentication: [{ clientToken }] });
    expect([calls, server.requests.length]).toEqual([1, 1]);
    await first.close();
    server.setAuthorizations(['Bearer def']);
    await second.updateAuthentication({ clientToken: () => 'def' });
    expect(await second.refresh()).toBe(false);
    const third = await share(server, { authentication: { clientToken: () => 'def' } });
    expect(banner(third)).toBe(true);
  });

  it('functions that were put in force are part of the identity from then on', async () => {
    const server = await serve({ behaviour: (exchange) => exchange.respond(200, {}, shop(2)) });
    const [older, newer] = [() => 'older', () => 'newer'];
    const first = await share(server, { authentication: { clientToken: older } });
    await first.updateAuthentication({ clientToken: newer });
    await first.refresh();
    const count = server.requests.length;
    await share(server, { authentication: { clientToken: newer } });
    expect(server.requests).toHaveLength(count);
    await share(server, { authentication: { clientToken: older } });
    expect(server.requests).toHaveLength(count + 1);
  });

  it('no function can be put in force where other threads may share', async () => {
    const server = await serve({ token: 'abc' });
    const client = await share(server, { authentication: { clientToken: 'abc' } });
    const attempt = client.updateAuthentication([
      { jwtToken: () => 'abc' },
      { clientToken: 'abc' },
    ]);
    const error = (await failureOf(attempt)) as FliptError;
    expect(error.code).toBe('FLIPT_OPTION_INVALID');
    expect(error.details.problems).toMatchObject([
      { field: 'authentication[0].jwtToken', received: expect.stringContaining('other threads') },
    ]);
    await client.updateAuthentication({ clientToken: 'abc' });
    expect(await client.refresh()).toBe(false);
  });
});
