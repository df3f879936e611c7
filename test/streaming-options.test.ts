import { describe, expect, it } from 'vitest';
import { shop } from './support/flags.ts';
import { failureOf, open, quiet, serve } from './support/harness.ts';
import { type ClientOptions, FliptClient, type ValidationProblem } from './support/sdk.ts';

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
    await server.waitForStreams(1);
    server.setSnapshot(shop(2));
    expect(await changed).toMatchObject({ flagKeys: ['banner'], source: 'server' });
    expect(client.status).toMatchObject({
      connection: 'streaming',
      streamSupported: true,
      pollingActive: false,
    });
  });
});
