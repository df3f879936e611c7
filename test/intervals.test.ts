import { describe, expect, it, onTestFinished } from 'vitest';
import { failureOf, serve } from './support/harness.ts';
import { type ClientOptions, ClientOptionsFactory, FliptClient } from './support/sdk.ts';

async function init(options: ClientOptions): Promise<FliptClient> {
  const client = await FliptClient.init(options);
  onTestFinished(() => client.close());
  return client;
}

/** Seconds from the last success of a client to its next attempt. */
function waitOf({ status: { lastSuccessAt, nextAttemptAt } }: FliptClient): number | undefined {
  return nextAttemptAt && (nextAttemptAt.getTime() - (lastSuccessAt?.getTime() ?? 0)) / 1_000;
}

/** The waits of many clients. */
async function waits(options: ClientOptions): Promise<(number | undefined)[]> {
  const clients = await Promise.all(Array.from({ length: 20 }, () => init(options)));
  return clients.map(waitOf);
}

describe('updateInterval', () => {
  it('120 s by default, varied by a tenth', async () => {
    const { url } = await serve();
    for (const options of [
      { url },
      { url, updateInterval: undefined },
      { ...ClientOptionsFactory.default(), url },
    ]) {
      const found = await waits(options);
      for (const wait of found) {
        // Times are told in whole milliseconds, from moments that are a little apart.
        expect(wait).toBeGreaterThanOrEqual(107);
        expect(wait).toBeLessThanOrEqual(133);
      }
      expect(new Set(found).size).toBeGreaterThan(1);
    }
  });

  it('0.01 to 86,400 s, and 0 for none', async () => {
    const server = await serve();
    const { url } = server;
    for (const wait of await waits({ url, updateInterval: 86_400 })) {
      expect(wait).toBeGreaterThanOrEqual(77_759);
      expect(wait).toBeLessThanOrEqual(95_041);
    }
    for (const updateInterval of [-1, 0.009, 86_400.1]) {
      const error = await failureOf(FliptClient.init({ url, updateInterval }));
      expect(error).toMatchObject({
        code: 'FLIPT_OPTION_INVALID',
        details: { problems: [{ field: 'updateInterval' }] },
      });
    }
    expect(waitOf(await init({ url, updateInterval: 0 }))).toBeUndefined();
    const seen = server.requests.length;
    await init({ url, updateInterval: 0.01 });
    await server.waitForRequests(seen + 5);
  });

  it('counts from the last answer, whoever asked for it', async () => {
    const server = await serve();
    const client = await init({ url: server.url });
    await client.refresh();
    const wait = waitOf(client);
    expect(wait).toBeGreaterThanOrEqual(107);
    expect(wait).toBeLessThanOrEqual(133);
  });
});
