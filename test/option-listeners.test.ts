import { describe, expect, it } from 'vitest';
import { counted, isNothing, NOTHING } from './support/counted.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve } from './support/harness.ts';
import { type ChangeEvent, FliptClient, type FliptError } from './support/sdk.ts';

const unavailable = { name: 'status', status: 503 } as const;

describe('listeners among the options', () => {
  it('onReady is called for the first load, before init resolves', async () => {
    const server = await serve();
    let calls = 0;
    const client = await open(server, { onReady: () => void calls++ });
    expect(calls).toBe(1);
    await client.refresh();
    expect(calls).toBe(1);
  });

  it('onUpdate is called with each change, onError with each failure, also of the first load', async () => {
    const server = await serve({ behaviour: [unavailable, 'serve'] });
    const seen: string[] = [];
    const client = await open(server, {
      errorStrategy: 'fallback',
      onReady: () => void seen.push('ready'),
      onUpdate: (change: ChangeEvent) => void seen.push(`update ${change.flagKeys.length > 0}`),
      onError: (error: FliptError) => void seen.push(error.code),
    });
    expect(seen).toEqual(['FLIPT_SERVER_FAILED']);
    await client.refresh();
    server.setSnapshot(shop(2));
    await client.refresh();
    expect(seen).toEqual(['FLIPT_SERVER_FAILED', 'ready', 'update true']);
  });

  it('onError is told why init rejects', async () => {
    const server = await serve({ behaviour: unavailable });
    const seen: FliptError[] = [];
    const options = quiet(server, { onError: (error) => void seen.push(error) });
    const error = (await failureOf(FliptClient.init(options))) as FliptError;
    expect(seen.map(({ code }) => code)).toEqual([error.code]);
  });

  it('what they throw is reported to the logger alone', async () => {
    const server = await serve();
    const logger = new Log();
    const fail = (): void => {
      throw new Error('mine');
    };
    const client = await open(server, {
      logger,
      onReady: fail,
      onUpdate: (async () => fail()) as never,
    });
    server.setSnapshot(shop(2));
    await client.refresh();
    await logger.waitFor('warn', /'change' failed: Error: mine/);
    expect(logger.at('warn').filter((line) => line.includes('mine'))).toHaveLength(2);
  });

  it('they leave nothing behind when the options are refused or the start fails', async () => {
    const server = await serve({ behaviour: unavailable });
    const left = await counted(
      `const quiet = { onReady() {}, onUpdate() {}, onError() {}, updateInterval: 0, retry: { maxRetries: 0 } };
       for (const options of [{ url, snapshot: '!' }, { url, colour: 'red' }, { url, hook: 7 }, { url }]) {
         await sdk.FliptClient.init({ ...quiet, ...options }).then(() => done('started'), () => {});
       }
       done(await until(${isNothing}));`,
      server.url,
    );
    expect(left).toEqual(NOTHING);
  });
});
