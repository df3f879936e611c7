import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from './support/certificates.mjs';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, open, quiet, serve } from './support/harness.ts';
import { type ProxyOptions, startProxy } from './support/proxy.mjs';
import { Recorder } from './support/recorder.ts';
import { type ClientOptions, FliptClient } from './support/sdk.ts';
import type { Exchange } from './support/server.mjs';

const authority = createAuthority();
const tlsConfig = { caCertData: authority.cert };

/** A proxy that ends with the test. */
async function proxied(options?: ProxyOptions) {
  const proxy = await startProxy(options);
  onTestFinished(() => proxy.close());
  return proxy;
}

describe('the option proxy', () => {
  it('forwards plain requests, streams too', async () => {
    const server = await serve();
    const proxy = await proxied({ username: 'ann', password: 'p@ss:word/%' });
    const client = await open(server, { proxy: proxy.url, fetchMode: 'streaming' });
    const recorder = new Recorder(client, ['change']);
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    server.setSnapshot(shop(2));
    await recorder.waitFor('change');
    expect(proxy.forwards.map((url) => new URL(url).pathname)).toEqual([
      '/internal/v1/evaluation/snapshot/namespace/default',
      '/client/v2/environments/default/namespaces/default/stream',
    ]);
    expect(proxy.tunnels).toEqual([]);
    expect(proxy.refused).toBe(0);
    for (const { headers } of server.requests) {
      expect(headers['proxy-authorization']).toBeUndefined();
    }
  });

  it('tunnels TLS, whose end is still checked', async () => {
    const server = await serve({ tls: authority.issue() });
    const proxy = await proxied({ username: 'ann', password: 'word' });
    const options: ClientOptions = { proxy: proxy.url, fetchMode: 'streaming' };
    await open(server, { ...options, tlsConfig });
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    expect(proxy.tunnels).toEqual(Array(2).fill(`127.0.0.1:${server.port}`));
    expect(proxy.forwards).toEqual([]);
    expect(server.connects.map(({ protocol }) => protocol)).toEqual(['h2', 'h2']);
    expect(await failureOf(FliptClient.init(quiet(server, options)))).toMatchObject({
      code: 'FLIPT_TLS_FAILED',
    });
  });

  it.each(['http', 'https'] as const)('a refusal over %s is a named error', async (scheme) => {
    const server = await serve(scheme === 'https' ? { tls: authority.issue() } : {});
    const proxy = await proxied({ username: 'ann', password: 'word' });
    const options = { proxy: `http://ann:wrong@127.0.0.1:${proxy.port}`, tlsConfig };
    const error = await failureOf(FliptClient.init(quiet(server, options)));
    expect(error).toMatchObject({ name: 'NetworkError', code: 'FLIPT_PROXY_FAILED' });
    expect((error as Error).message).toContain(`through the proxy 127.0.0.1:${proxy.port}`);
    expect((error as Error).message).not.toMatch(/ann|wrong/);
    expect(proxy.refused).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it.each(['http', 'https'] as const)('one that is away or silent over %s', async (scheme) => {
    const server = await serve(scheme === 'https' ? { tls: authority.issue() } : {});
    const proxy = await proxied();
    const client = await open(server, { proxy: proxy.url, tlsConfig, requestTimeout: 1.5 });
    await proxy.close();
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_CONNECTION_FAILED' });
    await proxy.open();
    proxy.setBehaviour('silence');
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_REQUEST_TIMEOUT' });
    proxy.setBehaviour('serve');
    expect(await client.refresh()).toBe(false);
  });

  it.each(['socks5://localhost:1080', 'not a url', '', 'http://'])(
    '%j is refused',
    async (proxy) => {
      const error = await failureOf(FliptClient.init({ proxy }));
      expect(error).toMatchObject({
        code: 'FLIPT_OPTION_INVALID',
        details: { problems: [{ field: 'proxy' }] },
      });
    },
  );
});

describe('the environment', () => {
  /** Which way the first loads of a process go, one for each set of variables. */
  async function ways(
    url: string,
    attempts: { env?: Record<string, string>; options?: ClientOptions }[],
  ) {
    const script = `(async () => {
      const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((n) => [n, n.toLowerCase()]);
      for (const { env = {}, options } of ${JSON.stringify(attempts)}) {
        for (const name of names) delete process.env[name];
        Object.assign(process.env, env);
        await (await sdk.FliptClient.init({ url, updateInterval: 0, ...options })).close();
      }
      done('over');
    })();`;
    expect(answerOf(await runScript(script, url))).toBe('over');
  }

  it.each([
    ['http', 'HTTP_PROXY', 'http_proxy'],
    ['https', 'HTTPS_PROXY', 'https_proxy'],
  ] as const)('over %s heeds %s and %s, with exceptions', async (scheme, upper, lower) => {
    const server = await serve(scheme === 'https' ? { tls: authority.issue() } : {});
    const proxy = await proxied();
    const away = 'http://127.0.0.1:9';
    const used = () => proxy.forwards.length + proxy.tunnels.length;
    const options = { tlsConfig };
    await ways(server.url, [
      { env: { [upper]: proxy.url }, options },
      { env: { [lower]: proxy.url }, options },
      { env: { [lower]: proxy.url, [upper]: away }, options },
      { env: { [lower]: proxy.url, NO_PROXY: `127.0.0.1:${server.port + 1}` }, options },
      { env: { [lower]: proxy.url, NO_PROXY: '127.0.0.1', no_proxy: 'elsewhere' }, options },
    ]);
    expect(used()).toBe(5);
    const other = scheme === 'http' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
    await ways(server.url, [
      { options },
      { env: { [other]: away }, options },
      { env: { [upper]: away, [lower]: '' }, options },
      { env: { [upper]: away }, options: { ...options, proxy: false } },
      ...['127.0.0.1', `127.0.0.1:${server.port}`, '*', 'x, 127.0.0.0/8'].map((list) => ({
        env: { [upper]: away, NO_PROXY: list },
        options,
      })),
      { env: { [upper]: away, no_proxy: '127.0.0.1' }, options },
    ]);
    expect(used()).toBe(5);
    await ways(server.url, [
      { env: { [upper]: away, NO_PROXY: '*' }, options: { ...options, proxy: proxy.url } },
    ]);
    expect(used()).toBe(6);
    expect(server.requests).toHaveLength(15);
  });

  it.each(['localhost', '.localhost', '*.localhost'])(
    'NO_PROXY=%s exempts names',
    async (NO_PROXY) => {
      const server = await serve();
      const url = `http://flags.localhost:${server.port}`;
      await ways(url, [{ env: { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY } }]);
      expect(server.requests).toHaveLength(1);
    },
  );
});

describe('redirects', () => {
  const authentication = { clientToken: 'secret-token' };

  it('inside the origin are followed five times, with the credentials', async () => {
    const server = await serve({ token: 'secret-token' });
    const client = await open(server, { authentication });
    const hop = { name: 'redirect', location: '/elsewhere' } as const;
    const last = (exchange: Exchange) =>
      exchange.respond(200, { 'content-type': 'application/json' }, shop(2));
    server.setBehaviour([hop, hop, hop, hop, hop, last]);
    expect(await client.refresh()).toBe(true);
    expect(server.requests).toHaveLength(7);
    for (const { headers } of server.requests) {
      expect(headers.authorization).toBe('Bearer secret-token');
    }
    server.setBehaviour([hop, hop, hop, hop, hop, hop, last]);
    expect(await failureOf(client.refresh())).toMatchObject({
      name: 'SecurityError',
      code: 'FLIPT_REDIRECT_REFUSED',
    });
    expect(server.requests).toHaveLength(13);
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(true);
  });

  it.each<[string, Partial<URL>]>([
    ['another port', { port: '9' }],
    ['another host', { hostname: 'localhost' }],
    ['another scheme', { protocol: 'https:' }],
    ['user info', { username: 'ann' }],
  ])('to %s is refused, for polls and streams', async (_name, other) => {
    const server = await serve({ token: 'secret-token' });
    const client = await open(server, { authentication, fetchMode: 'streaming' });
    const recorder = new Recorder(client, ['error']);
    const target = Object.assign(new URL('/somewhere?word=hunter2', server.url), other);
    const redirect = { name: 'redirect', location: target.href } as const;
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    server.setBehaviour(redirect);
    server.setStreamBehaviour(redirect);
    const seen = server.requests.length;
    const error = await failureOf(client.refresh());
    expect(error).toMatchObject({ code: 'FLIPT_REDIRECT_REFUSED' });
    expect((error as Error).message).not.toMatch(/hunter2|somewhere|ann@/);
    server.closeStreams('reset');
    const refused = () =>
      recorder.of('error').filter(({ code }) => code === 'FLIPT_REDIRECT_REFUSED');
    while (refused().length < 2) {
      await recorder.waitFor('error', recorder.of('error').length + 1);
    }
    const paths = server.requests.slice(seen).map(({ path }) => path);
    expect(paths.filter((path) => path.includes('somewhere'))).toEqual([]);
    expect(client.listFlags()).toHaveLength(5);
  });
});
