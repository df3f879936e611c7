import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from './support/certificates.mjs';
import { answerOf, runNode, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { serve } from './support/harness.ts';
import { built } from './support/sdk.ts';
import type { ServerOptions, StreamBehaviourName, TestServer } from './support/server.mjs';

const root = join(import.meta.dirname, '..');
const authority = createAuthority();

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-exit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a script that has work to do until it calls `finish`; `settings` is what its parent has for it. */
function working(source: string, server: TestServer, settings: object = {}) {
  return runScript(
    `const settings = ${JSON.stringify(settings)};
     const work = setInterval(() => {}, 1_000);
     const finish = (value) => { clearInterval(work); done(value); };
     const open = async (options) =>
       (globalThis.client = await sdk.FliptClient.init({ url, updateInterval: 0, ...settings, ...options }));
     (async () => { ${source} })();`,
    server.url,
  );
}

const EVENTS = ['ready', 'change', 'status', 'stale', 'recovered', 'error', 'closed'];

describe('a script that never calls close() exits when its work is done', () => {
  /** Each goes on until it has seen a change. */
  const livings: Record<string, string> = {
    'with a listener': `(await open()).on('change', ({ flagKeys }) => finish(flagKeys));`,
    'with a listener of everything': `const client = await open();
      for (const event of ${JSON.stringify(EVENTS)}) client.on(event, () => {});
      client.onFlagChange('banner', ({ flagKey }) => finish([flagKey]));`,
    'with a loop over changes that goes on': `const client = await open();
      for await (const { flagKeys } of client.changes()) finish(flagKeys);`,
    'with a wait for a change that does not come': `const client = await open();
      client.once('change', ({ flagKeys }) => {
        finish(flagKeys);
        client.changes().next().then(() => process.exit(9));
      });`,
  };
  const modes: [name: string, server: ServerOptions, settings: () => object][] = [
    ['polling', {}, () => ({ updateInterval: 0.05 })],
    ['streaming', {}, () => ({ fetchMode: 'streaming' })],
    [
      'streaming over TLS',
      { tls: authority.issue() },
      () => ({ fetchMode: 'streaming', tlsConfig: { caCertData: authority.cert } }),
    ],
    [
      'streaming with a cache',
      {},
      () => ({ fetchMode: 'streaming', cache: { path: join(makeFolder(), 'flags') } }),
    ],
  ];
  const cases = Object.keys(livings).flatMap((living, index) =>
    // Every mode once, and the plain ones always.
    modes
      .filter((_mode, mode) => mode < 2 || mode === index + 1)
      .map(([mode]) => [mode, living] as const),
  );

  it.each(cases)('%s, %s', async (name, living) => {
    const [, options, settings] = modes.find(([mode]) => mode === name) as (typeof modes)[number];
    const server = await serve(options);
    const running = working(livings[living] as string, server, settings());
    if (name === 'polling') {
      await server.waitForRequests(2);
    } else {
      await server.waitFor('a stream', () => server.listeningStreams === 1);
    }
    let revision = 1;
    const changing = setInterval(() => {
      revision += 1;
      server.setSnapshot(shop(revision));
    }, 50);
    onTestFinished(() => clearInterval(changing));
    expect(await running).toEqual({ code: 0, signal: null, stdout: '["banner"]', stderr: '' });
    await server.waitForConnections(0);
  });

  it.each<[string, StreamBehaviourName]>([
    ['that breaks again and again', 'reset'],
    ['that says nothing', 'silence'],
    ['that does not exist', 'plainNotFound'],
  ])('with a stream %s', async (_name, behaviour) => {
    const server = await serve({ streamBehaviour: behaviour });
    const script = `await open(); setTimeout(() => finish('over'), 300);`;
    const finished = await working(script, server, { fetchMode: 'streaming', maxStreamRetries: 0 });
    expect(finished).toEqual({ code: 0, signal: null, stdout: '"over"', stderr: '' });
    expect(server.requests.filter(({ channel }) => channel === 'stream')).not.toEqual([]);
  });

  it('with a fetcher and a credential function that are asked all the time', async () => {
    const server = await serve();
    const finished = await working(
      `let fetched = 0;
       const fetcher = () => {
         fetched += 1;
         return Promise.resolve(Response.json({ namespace: { key: 'default' }, flags: [] }));
       };
       await open({ fetcher, updateInterval: 0.01 });
       let asked = 0;
       const clientToken = () => (asked += 1, 'token');
       await open({ authentication: { clientToken }, updateInterval: 0.01 });
       const timer = setInterval(() => {
         if (fetched < 3) return;
         clearInterval(timer);
         finish(asked);
       }, 10);`,
      server,
    );
    expect(finished).toEqual({ code: 0, signal: null, stdout: '1', stderr: '' });
  });
});

describe('a pending call keeps the process until it settles, and nothing else does', () => {
  const calls: Record<string, string> = {
    init: 'await init({})',
    'an init that streams': `await init({ fetchMode: 'streaming' })`,
    refresh: 'await (await init({})).refresh()',
    reconnect: 'await (await init({})).reconnect()',
    waitForReady: 'await (await init(unready)).waitForReady({ timeoutMs: 20_000 })',
    close: 'await (await init({})).close()',
    'a waitForReady that gives up': `await (await init(unready)).waitForReady({ timeoutMs: 100 }).catch(() => {})`,
  };

  it.each(Object.keys(calls))('%s', async (name) => {
    const server = await serve({
      behaviour: async () => {
        await pause(300);
        return 'serve';
      },
    });
    const finished = await runScript(
      `const unready = { errorStrategy: 'fallback', initTimeoutMs: 50 };
       const init = (options) => sdk.FliptClient.init({ url, updateInterval: 0, ...options });
       (async () => { ${calls[name]}; done('settled'); })();`,
      server.url,
    );
    expect(finished).toEqual({ code: 0, signal: null, stdout: '"settled"', stderr: '' });
  });
});

describe('with --unhandled-rejections=strict and a dead server', () => {
  it.each([
    ['polling', '{}'],
    ['streaming', `{ fetchMode: 'streaming', maxStreamRetries: 0 }`],
    ['a fetcher', `{ fetcher: () => Promise.reject(new Error('no network')) }`],
    [
      'a credential function',
      `{ authentication: { jwtToken: () => Promise.reject(new Error('no vault')) } }`,
    ],
  ])('%s: fallback and a caught init end with 0', async (_name, options) => {
    const server = await serve();
    await server.kill();
    const finished = await runScript(
      `const options = {
         url,
         updateInterval: 0.02,
         initTimeoutMs: 500,
         retry: { maxRetries: 1, baseDelayMs: 5 },
         ...${options},
       };
       (async () => {
         const fallback = await sdk.FliptClient.init({ ...options, errorStrategy: 'fallback' });
         fallback.on('error', async () => { throw new Error('in a listener'); });
         fallback.on('status', () => { throw new Error('in a listener'); });
         await sdk.FliptClient.init(options).catch((error) => process.stdout.write(error.name));
         process.stdout.write(String(await fallback.refresh()));
         await fallback.reconnect();
         setTimeout(() => process.stdout.write('.'), 200);
       })();`,
      server.url,
      { flags: ['--unhandled-rejections=strict'] },
    );
    expect(finished).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(finished.stdout).toMatch(/^(Network|Security)Errorfalse\.$/);
  });
});

describe('nothing of an open or closed client keeps the event loop', () => {
  it.each(['polling', 'streaming'])('%s', async (fetchMode) => {
    const server = await serve();
    const finished = await runScript(
      `(async () => {
         const active = () => process.getActiveResourcesInfo();
         const before = active();
         const client = await sdk.FliptClient.init({ url, fetchMode: '${fetchMode}', updateInterval: 0.05 });
         client.on('change', () => {});
         client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' });
         const idle = active();
         await client.refresh();
         const refreshed = active();
         await client.close();
         done({ before, idle, refreshed, closed: active() });
       })();`,
      server.url,
    );
    const answer = answerOf(finished) as Record<string, string[]>;
    const { before, ...others } = answer;
    expect(others).toEqual({ idle: before, refreshed: before, closed: before });
  });

  it.each(['forks', 'threads'])('vitest in %s ends by itself', async (pool) => {
    const server = await serve();
    const folder = makeFolder();
    writeFileSync(
      join(folder, 'client.test.mjs'),
      `import { expect, it } from ${JSON.stringify(join(root, 'node_modules/vitest/dist/index.js'))};
       import { createRequire } from 'node:module';
       const sdk = createRequire(import.meta.url)(${JSON.stringify(built())});
       it('a client that is never closed', async () => {
         const client = await sdk.FliptClient.init({ url: ${JSON.stringify(server.url)}, fetchMode: 'streaming' });
         client.on('change', () => {});
         expect(client.listFlags()).toHaveLength(5);
       });`,
    );
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '--root', folder, '--pool', pool, '--reporter=dot'];
    const finished = await runNode([...args, '--reporter=hanging-process'], { cwd: folder });
    expect(finished).toMatchObject({ code: 0, signal: null });
    expect(finished.stdout).toMatch(/1 passed/);
    expect(finished.stdout + finished.stderr).not.toMatch(/hang|timed out|prevents/i);
  });
});
