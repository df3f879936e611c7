import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { type ClientOptions, FliptClient } from './support/sdk.ts';
import type { TestServer } from './support/server.mjs';

const PATH_OF_POLLS = '/internal/v1/evaluation/snapshot/namespace/default';

/** A folder that ends with the test, and the cache file in it. */
function place() {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, 'flags') };
}

/** Lets a client of its own write the flag state of a server to a file. */
async function fill(server: TestServer, path: string, options: ClientOptions = {}) {
  const client = await FliptClient.init(quiet(server, { cache: { path }, ...options }));
  await client.close();
  await eventually(() => existsSync(path));
}

/** A write may end after its client. */
const eventually = (check: () => boolean) => vi.waitUntil(check, { timeout: 20_000, interval: 5 });

const bannerOf = (client: FliptClient) =>
  client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;

/** Options of a client that asks again soon. */
const eager = (path: string, options: ClientOptions = {}): ClientOptions => ({
  cache: { path },
  updateInterval: 0.02,
  ...options,
});

describe('a start with a dead server', () => {
  it.each(['fail', 'fallback'] as const)('is ready at once under %s', async (errorStrategy) => {
    const { path } = place();
    const server = await serve({ snapshot: shop(2) });
    await fill(server, path);
    await server.kill();
    const client = await open(server, { cache: { path }, errorStrategy });
    expect(client.isReady).toBe(true);
    expect(bannerOf(client)).toBe(true);
    expect(client.listFlags()).toHaveLength(5);
    expect(client.status).toMatchObject({
      source: 'cache',
      stale: true,
      flagCount: 5,
      digest: shop(2).digest,
      lastSuccessAt: undefined,
    });
    const reconnected = client.reconnect();
    if (errorStrategy === 'fail') {
      expect(await failureOf(reconnected)).toMatchObject({ code: 'FLIPT_CONNECTION_FAILED' });
    } else {
      await reconnected;
    }
    expect(client.status).toMatchObject({ source: 'cache', stale: true });
    expect(bannerOf(client)).toBe(true);
  });

  it('asks with the digest of the file, and has recovered once the server is back', async () => {
    const { path } = place();
    const server = await serve();
    await fill(server, path);
    await server.kill();
    const client = await open(server, eager(path));
    const recorder = new Recorder(client);
    await recorder.waitFor('error');
    expect(recorder.of('recovered')).toEqual([]);
    await server.restart();
    await recorder.waitFor('recovered');
    expect(server.requests[1]).toMatchObject({
      path: PATH_OF_POLLS,
      headers: { 'if-none-match': shop().digest },
    });
    expect(client.status).toMatchObject({ stale: false, source: 'cache', lastError: undefined });
    expect(client.status.lastSuccessAt).toBeInstanceOf(Date);
    expect(recorder.of('change')).toEqual([]);
  });

  it('an answer that differs is a change, and is what the next start finds', async () => {
    const { path } = place();
    const server = await serve();
    await fill(server, path);
    await server.kill();
    const client = await open(server, eager(path));
    const recorder = new Recorder(client);
    server.setSnapshot(shop(2));
    await server.restart();
    const [change] = await recorder.waitFor('change');
    expect(change).toMatchObject({ flagKeys: ['banner'], source: 'server' });
    expect(client.status).toMatchObject({ source: 'server', stale: false });
    await client.close();
    await server.kill();
    const next = await open(server, { cache: { path } });
    expect(bannerOf(next)).toBe(true);
  });

  it.each(['polling', 'streaming'] as const)('%s goes on from it', async (fetchMode) => {
    const { path } = place();
    const server = await serve();
    await fill(server, path);
    await server.kill();
    const client = await open(server, eager(path, { fetchMode }));
    const recorder = new Recorder(client, ['recovered', 'change']);
    await server.restart();
    await recorder.waitFor('recovered');
    if (fetchMode === 'streaming') {
      await server.waitFor('a stream', () => server.listeningStreams === 1);
    }
    server.setSnapshot(shop(2));
    await recorder.waitFor('change');
    expect(bannerOf(client)).toBe(true);
  });

  it('without a file fails as ever', async () => {
    const { path } = place();
    const server = await serve();
    await server.kill();
    const options = quiet(server, { cache: { path } });
    expect(await failureOf(FliptClient.init(options))).toMatchObject({
      code: 'FLIPT_CONNECTION_FAILED',
    });
    expect(existsSync(path)).toBe(false);
  });

  it('does not wait for a server that is silent', async () => {
    const { path } = place();
    const server = await serve();
    await fill(server, path);
    server.setBehaviour('neverAnswers');
    const client = await open(server, { cache: { path } });
    expect(client.status).toMatchObject({ connection: 'connecting', source: 'cache' });
    await server.waitForRequests(2);
  });

  it('through a fetcher that fails, too', async () => {
    const { path } = place();
    const server = await serve({ snapshot: shop(2) });
    await fill(server, path);
    const fetcher = () => Promise.reject(new Error('no network'));
    const client = await open(server, { cache: { path }, fetcher });
    expect(bannerOf(client)).toBe(true);
  });

  it('a file that is too old is not started from', async () => {
    const { path } = place();
    const server = await serve();
    await fill(server, path);
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const logger = new Log();
    const options = quiet(server, { cache: { path, maxAgeMs: 1 }, logger });
    expect(await failureOf(FliptClient.init(options))).toMatchObject({
      code: 'FLIPT_CONNECTION_FAILED',
    });
    expect(logger.at('warn').join()).toMatch(/is not used: .* old/);
    expect(existsSync(path)).toBe(true);
  });
});

describe('a file that cannot be used', () => {
  const broken: [name: string, spoil: (path: string) => void][] = [
    ['is no cache', (path) => writeFileSync(path, 'once upon a time')],
    ['is empty', (path) => writeFileSync(path, '')],
    [
      'has one byte that is another',
      (path) => {
        const bytes = readFileSync(path);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
        writeFileSync(path, bytes);
      },
    ],
    [
      'ends too soon',
      (path) => {
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.subarray(0, bytes.length / 2));
      },
    ],
  ];

  it.each(broken)('because it %s is set aside with a warning', async (_name, spoil) => {
    const { folder, path } = place();
    const server = await serve();
    await fill(server, path);
    spoil(path);
    const logger = new Log();
    const client = await open(server, { cache: { path }, logger });
    expect(client.status).toMatchObject({ source: 'server', stale: false });
    expect(await logger.waitFor('warn')).toContain(`${path} was set aside as ${path}.rejected`);
    expect(logger.at('warn')).toHaveLength(1);
    await client.close();
    await eventually(() => readdirSync(folder).length === 2);
    await server.kill();
    const next = await open(server, { cache: { path } });
    expect(next.status.source).toBe('cache');
  });

  it.each<[string, ClientOptions]>([
    ['namespace', { namespace: 'other' }],
    ['environment', { environment: 'staging' }],
    ['reference', { reference: 'v2' }],
  ])('because it belongs to another %s is set aside', async (field, options) => {
    const { path } = place();
    const server = await serve({ environments: ['default', 'staging'] });
    server.setSnapshot(shop(2, 'other'), { namespace: 'other' });
    await fill(server, path);
    const logger = new Log();
    const client = await open(server, { cache: { path }, logger, ...options });
    expect(client.status.source).toBe('server');
    expect(await logger.waitFor('warn')).toMatch(new RegExp(`set aside .*${field}`));
  });

  it('holds credentials of no kind, so that another credential may start from it', async () => {
    const { path } = place();
    const server = await serve({ token: 'first-secret' });
    await fill(server, path, { authentication: { clientToken: 'first-secret' } });
    expect(readFileSync(path).includes('first-secret')).toBe(false);
    await server.kill();
    const options = { cache: { path }, authentication: { clientToken: 'another' } };
    const client = await open(server, options);
    expect(client.status.source).toBe('cache');
  });
});

describe('writing', () => {
  it('only the owner may read the file, and nothing else is left beside it', async () => {
    const { folder, path } = place();
    const server = await serve();
    const client = await open(server, { cache: { path } });
    for (let revision = 2; revision < 12; revision += 1) {
      server.setSnapshot(shop(revision));
      await client.refresh();
    }
    await client.close();
    await eventually(() => readFileSync(path).includes(shop(11).digest));
    await eventually(() => readdirSync(folder).length === 1);
    if (process.platform !== 'win32') {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });

  const unwritable: [name: string, path: (folder: string) => string][] = [
    ['a folder stands there', (folder) => folder],
    [
      'its folder is a file',
      (folder) => {
        writeFileSync(join(folder, 'file'), '');
        return join(folder, 'file', 'flags');
      },
    ],
    ['the system makes no files', () => '/proc/flags'],
    [
      'its folder is read-only',
      (folder) => {
        const inner = join(folder, 'inner');
        mkdirSync(inner);
        chmodSync(inner, 0o500);
        return join(inner, 'flags');
      },
    ],
  ];

  it.each(unwritable)('is no trouble where %s', async (_name, pathIn) => {
    const { folder } = place();
    const path = pathIn(folder);
    const server = await serve();
    const logger = new Log();
    const client = await open(server, { cache: { path }, logger });
    server.setSnapshot(shop(2));
    expect(await client.refresh()).toBe(true);
    expect(bannerOf(client)).toBe(true);
    expect(client.status).toMatchObject({ source: 'server', stale: false, lastError: undefined });
    await client.close();
    const isAllowed = existsSync(path) && statSync(path).isFile();
    if (!isAllowed) {
      expect(await logger.waitFor('warn')).toContain(path);
    }
  });

  it('two clients on one path: the file is always one of theirs, whole', async () => {
    const { path } = place();
    const server = await serve();
    const clients = [
      await open(server, { cache: { path } }),
      await open(server, { cache: { path } }),
    ];
    for (let revision = 2; revision < 10; revision += 1) {
      server.setSnapshot(shop(revision));
      await Promise.all(clients.map((client) => client.refresh()));
      await expectWhole(server, path);
    }
  });

  it('two processes on one path, too', async () => {
    const { path } = place();
    const server = await serve({
      behaviour: (exchange) =>
        exchange.respond(200, { 'content-type': 'application/json' }, shop(exchange.index + 1)),
    });
    const options = JSON.stringify({ ...quiet(server, { cache: { path } }) });
    const script = `(async () => {
      const client = await sdk.FliptClient.init(${options});
      for (let i = 0; i < 100; i++) await client.refresh();
      await client.close();
      done('over');
    })();`;
    let running = 2;
    const writers = [runScript(script), runScript(script)].map(async (writer) => {
      const finished = await writer;
      running -= 1;
      return answerOf(finished);
    });
    while (running > 0) {
      await expectWhole(server, path);
    }
    expect(await Promise.all(writers)).toEqual(['over', 'over']);
    await server.kill();
    const next = await open(server, { cache: { path } });
    expect(next.status).toMatchObject({ source: 'cache', flagCount: 5 });
  });
});

/** A client that starts from the file, if there is one yet, finds nothing wrong with it. */
async function expectWhole(server: TestServer, path: string) {
  const logger = new Log();
  const fetcher = () => Promise.reject(new Error('not asked'));
  const options = quiet(server, { cache: { path }, logger, fetcher, errorStrategy: 'fallback' });
  const reader = await FliptClient.init(options);
  const { source, flagCount } = reader.status;
  await reader.close();
  expect(logger.at('warn').filter((text) => text.includes(path))).toEqual([]);
  expect([source, flagCount]).toEqual(source === 'cache' ? ['cache', 5] : ['none', 0]);
}

describe('together with a snapshot', () => {
  it('the file wins', async () => {
    const { path } = place();
    const server = await serve({ snapshot: shop(2) });
    const first = await open(server);
    const snapshot = first.getSnapshot();
    server.setSnapshot(shop(3));
    await fill(server, path);
    await server.kill();
    const client = await open(server, { cache: { path }, snapshot, errorStrategy: 'fallback' });
    expect(client.status).toMatchObject({ source: 'cache', digest: shop(3).digest });
    expect(bannerOf(client)).toBe(false);
  });
});
