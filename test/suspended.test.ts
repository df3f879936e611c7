import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from './support/certificates.mjs';
import { shop } from './support/flags.ts';
import { serve } from './support/harness.ts';
import { built, type ClientOptions } from './support/sdk.ts';
import type { TestServer } from './support/server.mjs';

const INTERVAL_S = 0.2;
/** How long a process stands still: several intervals. */
const SUSPENDED_MS = 700;

const authority = createAuthority();

/** A process with a client that prints `ready`, and then the digest of each state that is put in force. */
async function start(server: TestServer, options: ClientOptions) {
  const given = JSON.stringify({ url: server.url, updateInterval: INTERVAL_S, ...options });
  const child = spawn(process.execPath, [
    '-e',
    `require(${JSON.stringify(built())}).FliptClient.init(${given}).then((client) => {
       client.on('change', ({ digest }) => console.log(digest));
       console.log('ready');
       setInterval(() => {}, 1_000);
     });`,
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  expect(await once(lines, 'line')).toEqual(['ready']);
  return { child, lines };
}

/** Lets a process stand still; resolves once nothing that it asked is on its way. */
async function suspend(child: ChildProcess, server: TestServer): Promise<void> {
  child.kill('SIGSTOP');
  await server.waitFor('silence', () => server.openPolls === 0);
  await pause(SUSPENDED_MS);
}

/** How many requests there were, from a point on, of a client that still had that revision. */
function askedWith(revision: number, server: TestServer, from: number): number {
  const { digest } = shop(revision);
  return server.requests.slice(from).filter(({ headers }) => headers['if-none-match'] === digest)
    .length;
}

describe('a process that stood still for longer than its interval is fresh within one fetch', () => {
  it('polling', async () => {
    const server = await serve();
    const { child, lines } = await start(server, {});
    for (const revision of [2, 3]) {
      await suspend(child, server);
      server.setSnapshot(shop(revision));
      const asked = server.requests.length;
      const line = once(lines, 'line');
      child.kill('SIGCONT');
      expect(await line).toEqual([shop(revision).digest]);
      expect(askedWith(revision - 1, server, asked)).toBe(1);
    }
    expect(server.connects).toHaveLength(1);
  });

  it('polling, when its connection died meanwhile', async () => {
    const server = await serve();
    const { child, lines } = await start(server, {});
    await suspend(child, server);
    await server.kill('reset');
    await server.restart();
    server.setSnapshot(shop(2));
    const asked = server.requests.length;
    const line = once(lines, 'line');
    child.kill('SIGCONT');
    expect(await line).toEqual([shop(2).digest]);
    expect(askedWith(1, server, asked)).toBe(1);
  });

  it.each([
    ['plain', {}],
    ['TLS', { tls: authority.issue() }],
  ])('streaming over %s: the stream brings it, without a fetch', async (_name, options) => {
    const server = await serve(options);
    const { child, lines } = await start(server, {
      fetchMode: 'streaming',
      tlsConfig: { caCertData: authority.cert },
    });
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    await suspend(child, server);
    server.setSnapshot(shop(2));
    const asked = server.requests.length;
    const line = once(lines, 'line');
    child.kill('SIGCONT');
    expect(await line).toEqual([shop(2).digest]);
    expect(server.requests.length - asked).toBe(0);
  });

  it('streaming, when the stream ended meanwhile', async () => {
    const server = await serve();
    const { child, lines } = await start(server, { fetchMode: 'streaming' });
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    await suspend(child, server);
    server.closeStreams('reset');
    await server.waitForStreams(0);
    server.setSnapshot(shop(2));
    const asked = server.requests.length;
    const line = once(lines, 'line');
    child.kill('SIGCONT');
    expect(await line).toEqual([shop(2).digest]);
    expect(server.requests.slice(asked).map(({ channel }) => channel)).toEqual(['stream']);
  });
});
