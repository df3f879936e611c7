import { describe, expect, it } from 'vitest';
import { counted, isNothing, NOTHING } from './support/counted.ts';
import { serve } from './support/harness.ts';

describe('memory of clients', () => {
  it('flag state is released by close, without waiting for the collector', async () => {
    const server = await serve();
    const counts = await counted(
      `const client = await sdk.FliptClient.init({ url });
       use(client);
       const open = liveCounts();
       await client.close();
       const closed = liveCounts();
       done({ open, closed, kept: typeof client });`,
      server.url,
    );
    expect(counts).toMatchObject({
      open: { clients: 1, snapshots: 1, evaluators: 1 },
      closed: { clients: 0, snapshots: 0 },
    });
  });

  it('a client that nobody holds is collected and ends, closed or not', async () => {
    const server = await serve();
    const counts = await counted(
      `await (async () => {
         use(await sdk.FliptClient.init({ url, updateInterval: 0.02 }));
         const closed = await sdk.FliptClient.init({ url });
         use(closed);
         await closed.close();
       })();
       done(await until(${isNothing}));`,
      server.url,
    );
    expect(counts).toEqual(NOTHING);
    await server.waitForConnections(0);
  });

  it('fetcher, hook and logger that refer to their client do not keep it', async () => {
    const server = await serve();
    const counts = await counted(
      `await (async () => {
         let client;
         const options = {
           url,
           updateInterval: 0.02,
           fetcher: ({ etag, signal }) => { void client; return fetch(url + '/internal/v1/evaluation/snapshot/namespace/default', { signal }); },
           hook: { before() { void client; }, after() { void client; } },
           logger: { debug() { void client; }, info() { void client; }, warn() { void client; }, error() { void client; } },
         };
         client = await sdk.FliptClient.init(options);
         use(client);
       })();
       done(await until(${isNothing}));`,
      server.url,
    );
    expect(counts).toEqual(NOTHING);
  });

  it('a rejected init leaves nothing', async () => {
    const server = await serve({ behaviour: { name: 'status', status: 503 } });
    const counts = await counted(
      `for (let i = 0; i < 10; i++) await sdk.FliptClient.init({ url, retry: { maxRetries: 0 } }).catch(() => {});
       for (let i = 0; i < 10; i++) await sdk.FliptClient.init({ url, hook: i }).catch(() => {});
       for (let i = 0; i < 10; i++) {
         const signal = AbortSignal.timeout(i);
         await sdk.FliptClient.init({ url, signal, retry: { baseDelayMs: 60_000 } }).catch(() => {});
       }
       const atOnce = liveCounts();
       done({ atOnce, later: await until(${isNothing}) });`,
      server.url,
    );
    expect(counts).toMatchObject({ atOnce: { clients: 0, snapshots: 0 }, later: NOTHING });
  });

  it('a new snapshot replaces the old one; results and plans do not keep it', async () => {
    const server = await serve({
      behaviour: ({ index, response }) => {
        const flags = [{ key: 'banner', type: 'BOOLEAN_FLAG_TYPE', enabled: index % 2 === 0 }];
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({ namespace: { key: 'default' }, digest: String(index), flags }),
        );
      },
    });
    const counts = await counted(
      `const client = await sdk.FliptClient.init({ url, updateInterval: 0 });
       const results = [];
       for (let i = 0; i < 20; i++) { results.push(use(client)); await client.refresh(); }
       const counts = await until((c) => c.snapshots === 1);
       await client.close();
       done({ counts, results });`,
      server.url,
    );
    expect(counts).toEqual({
      counts: { clients: 1, snapshots: 1, evaluators: 1 },
      results: Array.from({ length: 20 }, (_, index) => index % 2 === 0),
    });
  });

  it('many clients, opened and closed, leave nothing', async () => {
    const server = await serve();
    const counts = await counted(
      `const once = async () => {
         const client = await sdk.FliptClient.init({ url });
         use(client);
         await client.close();
       };
       for (let i = 0; i < 100; i++) await once();
       done(await until(${isNothing}));`,
      server.url,
    );
    expect(counts).toEqual(NOTHING);
  });
});
