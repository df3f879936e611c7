import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, open, quiet, serve } from './support/harness.ts';
import { startProxy } from './support/proxy.mjs';
import { built, type ClientOptions, FliptClient, type ValidationProblem } from './support/sdk.ts';

/** The fields that are refused. */
async function refused(options: object): Promise<string[]> {
  const error = await failureOf(FliptClient.init(options as ClientOptions));
  expect(error).toMatchObject({ name: 'ValidationError', code: 'FLIPT_OPTION_INVALID' });
  const { problems } = (error as { details: { problems: ValidationProblem[] } }).details;
  return problems.map(({ field }) => field).sort();
}

const fetcher = async () => new Response('{}');

describe('options of streams and connections', () => {
  it.each([
    [{ fetchMode: 'stream' }, ['fetchMode']],
    [{ fetchMode: true }, ['fetchMode']],
    [{ streamIdleTimeoutMs: 0 }, ['streamIdleTimeoutMs']],
    [{ streamIdleTimeoutMs: '5' }, ['streamIdleTimeoutMs']],
    [{ safetyPollIntervalMs: 86_400_001 }, ['safetyPollIntervalMs']],
    [{ maxStreamRetries: 1.5 }, ['maxStreamRetries']],
    [{ maxStreamRetries: -1 }, ['maxStreamRetries']],
    [{ staleAfterMs: 0 }, ['staleAfterMs']],
    [{ staleAfterMs: Number.POSITIVE_INFINITY }, ['staleAfterMs']],
    [{ credentialGracePeriodMs: -1 }, ['credentialGracePeriodMs']],
    [{ tlsConfig: 'own' }, ['tlsConfig']],
    [{ tlsConfig: { caCert: 'x' } }, ['tlsConfig.caCert']],
    [
      { tlsConfig: { caCertFile: 5, insecureSkipVerify: 'no' } },
      ['tlsConfig.caCertFile', 'tlsConfig.insecureSkipVerify'],
    ],
    [{ proxy: true }, ['proxy']],
    [{ proxy: 8080 }, ['proxy']],
    [{ cache: './flags' }, ['cache']],
    [{ cache: {} }, ['cache.path']],
    [{ cache: { path: ' ', maxAgeMs: 0 } }, ['cache.maxAgeMs', 'cache.path']],
  ])('%j is refused', async (options, fields) => {
    expect(await refused(options)).toEqual(fields);
  });

  it('a fetcher cannot stream, and only the combination is at fault', async () => {
    expect(await refused({ fetchMode: 'streaming', fetcher })).toEqual(['fetchMode']);
    expect(await refused({ fetchMode: 'streaming', fetcher, hook: 7 })).toEqual([
      'fetchMode',
      'hook',
    ]);
  });

  it('a key is never repeated in what is said about it', async () => {
    const clientKeyData = ['-----BEGIN PRIVATE KEY-----', 'hunter2'];
    const error = await failureOf(
      FliptClient.init({ tlsConfig: { clientKeyData }, proxy: 5 } as never),
    );
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(error).toMatchObject({ details: { problems: [{}, {}] } });
  });

  it('undefined and null mean left out; the limits themselves are allowed', async () => {
    const server = await serve();
    const options = {
      fetchMode: undefined,
      streamIdleTimeoutMs: 1,
      safetyPollIntervalMs: 86_400_000,
      maxStreamRetries: 0,
      staleAfterMs: 2_678_400_000,
      credentialGracePeriodMs: 0,
      tlsConfig: null as never,
      proxy: false,
      cache: undefined,
    } as const;
    const client = await FliptClient.init(quiet(server, options));
    expect(client.status).toMatchObject({ connection: 'polling', streamSupported: undefined });
    await client.close();
  });
});

describe('fetchMode streaming', () => {
  it('brings changes by a stream, and says so', async () => {
    const server = await serve();
    const client = await open(server, { fetchMode: 'streaming' });
    const changed = new Promise((resolve) => client.once('change', resolve));
    const streaming = new Promise((resolve) => {
      client.on('status', ({ current }) => current.connection === 'streaming' && resolve(current));
    });
    await server.waitForStreams(1);
    server.setSnapshot(shop(2));
    expect(await changed).toMatchObject({ flagKeys: ['banner'], source: 'server' });
    expect(await streaming).toMatchObject({ streamSupported: true, pollingActive: false });
  });
});

describe('the environment', () => {
  it('is that of the thread that calls init, as it is then', async () => {
    const server = await serve();
    const proxy = await startProxy();
    onTestFinished(() => proxy.close());
    const worker = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { FliptClient } = require(workerData.entry);
      const { url } = workerData;
      FliptClient.init({ url }).then((client) => client.close()).then(() => parentPort.postMessage('done'));`;
    const finished = await runScript(
      `const { Worker } = require('node:worker_threads');
       const { once } = require('node:events');
       const workerData = { url, entry: ${JSON.stringify(built())} };
       const inWorker = (env) => once(new Worker(${JSON.stringify(worker)}, { eval: true, workerData, env }), 'message');
       const here = async (options) => (await sdk.FliptClient.init({ url, ...options })).close();
       (async () => {
         const own = { ...process.env };
         const HTTP_PROXY = ${JSON.stringify(proxy.url)};
         await here();
         await inWorker({ ...own, HTTP_PROXY });
         await here();
         process.env.http_proxy = HTTP_PROXY;
         await inWorker(own);
         await here();
         await here({ proxy: false });
         process.env.no_proxy = '127.0.0.1';
         await here();
         done('over');
       })();`,
      server.url,
      {
        env: {
          HTTP_PROXY: undefined,
          http_proxy: undefined,
          NO_PROXY: undefined,
          no_proxy: undefined,
        },
      },
    );
    expect(answerOf(finished)).toBe('over');
    expect(server.requests).toHaveLength(7);
    expect([...proxy.forwards, ...proxy.tunnels]).toHaveLength(2);
  });
});
