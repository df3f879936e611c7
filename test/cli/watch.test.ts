import { describe, expect, it } from 'vitest';
import { Running } from '../support/cli.ts';
import { shop } from '../support/flags.ts';
import { serve } from '../support/harness.ts';

describe('watch', () => {
  it('prints changes as they come until it is interrupted', async () => {
    const server = await serve();
    const watch = new Running(['watch', '--url', server.url]);
    await watch.until(/watching 5 flags/);
    await server.waitForStreams(1);
    server.setSnapshot(shop(2));
    await watch.until(/\n\d\d:\d\d:\d\d {2}modified {2}banner\n/);
    expect(await watch.interrupt()).toBe(0);
  });

  it('writes a line of JSON for every change', async () => {
    const server = await serve();
    const watch = new Running(['watch', '--json'], { FLIPT_URL: server.url });
    await server.waitForStreams(1);
    const { flags, ...rest } = shop(2);
    server.setSnapshot({ ...rest, flags: flags.slice(0, 4) });
    const text = await watch.until(/\n/);
    expect(JSON.parse(text)).toEqual({
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      added: [],
      removed: ['old'],
      modified: ['banner'],
      digest: rest.digest,
      source: 'server',
    });
    expect(await watch.interrupt()).toBe(0);
  });

  it('goes on while the server is away, and says so', async () => {
    const server = await serve();
    const watch = new Running(['watch', '--url', server.url]);
    await watch.until(/watching/);
    await server.waitForStreams(1);
    await server.kill('reset');
    await watch.until(/warning: /);
    server.setSnapshot(shop(2));
    await server.restart();
    await watch.until(/modified {2}banner/);
    expect(await watch.interrupt()).toBe(0);
  });

  it('ends with 3 when there is nothing to watch', async () => {
    const server = await serve();
    const watch = new Running(['watch', '--url', server.url, '-n', 'elsewhere']);
    await expect(watch.until(/never/)).rejects.toThrow(/ended with 3/);
  });
});
