// The production client in a test, its requests answered by msw: with `fetcher` they are made by `fetch`.

import { FliptClient, type IFetcher } from 'flipt-native';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';

const url = 'http://flipt.test/internal/v1/evaluation/snapshot/namespace/shop';

/** Flag state as a Flipt server sends it, with one boolean flag. */
const stateWith = (enabled: boolean) => ({
  namespace: { key: 'shop' },
  flags: [
    { key: 'banner', name: 'Banner', type: 'BOOLEAN_FLAG_TYPE', enabled, rules: [], rollouts: [] },
  ],
});

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const fetcher: IFetcher = ({ etag, signal } = {}) =>
  fetch(url, {
    headers: etag === undefined ? {} : { 'if-none-match': etag },
    ...(signal !== undefined && { signal }),
  });

async function open(): Promise<FliptClient> {
  return FliptClient.init({
    namespace: 'shop',
    fetcher,
    updateInterval: 0,
    retry: { maxRetries: 0 },
  });
}

it('evaluates what the server sends, and what it sends next', async () => {
  server.use(http.get(url, () => HttpResponse.json(stateWith(false))));
  const client = await open();
  expect(client.getBooleanValue('banner', true)).toBe(false);
  server.use(http.get(url, () => HttpResponse.json(stateWith(true))));
  expect(await client.refresh()).toBe(true);
  expect(client.getBooleanValue('banner', false)).toBe(true);
  await client.close();
});

it('rejects where the server fails', async () => {
  server.use(http.get(url, () => new HttpResponse(undefined, { status: 500 })));
  await expect(open()).rejects.toMatchObject({ code: 'FLIPT_SERVER_FAILED' });
});
