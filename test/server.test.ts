// The server that the other tests trust: what it serves is what was recorded from Flipt.

import { get, type IncomingMessage, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from './support/certificates.mjs';
import { shop } from './support/flags.ts';
import { serve } from './support/harness.ts';
import { startProxy } from './support/proxy.mjs';

const STREAM = '/client/v2/environments/default/namespaces/default/stream';
const POLL = '/internal/v1/evaluation/snapshot/namespace/default';

/** A request whose pieces can be waited for. */
class Reading {
  readonly chunks: string[] = [];
  response: IncomingMessage | undefined;
  end: 'open' | 'ended' | 'broken' = 'open';
  #waiters: (() => void)[] = [];

  constructor(url: string, headers: Record<string, string> = {}) {
    const sent = get(url, { headers, agent: false }, (response) => {
      this.response = response;
      response.setEncoding('utf8');
      response.on('data', (chunk) => this.#note(() => this.chunks.push(chunk)));
      response.on('end', () => this.#note(() => (this.end = 'ended')));
      response.on('error', () => this.#note(() => (this.end = 'broken')));
      this.#note(() => {});
    });
    sent.on('error', () => this.#note(() => (this.end = 'broken')));
    onTestFinished(() => void sent.destroy());
  }

  get text() {
    return this.chunks.join('');
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #note(change: () => void) {
    change();
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

const messageOf = (state: unknown) => `${JSON.stringify({ result: state })}\n`;

describe('streams of the test server', () => {
  it('send flag state at once to a client that has none, its newline as a chunk of its own, then every change', async () => {
    const server = await serve();
    const reading = new Reading(server.url + STREAM);
    await reading.until(() => reading.text.endsWith('\n'));
    server.setSnapshot(shop(2));
    await reading.until(() => reading.text.endsWith(messageOf(shop(2))));
    expect(reading.text).toBe(messageOf(shop(1)) + messageOf(shop(2)));
    expect(reading.chunks).toContain('\n');
    expect(reading.response?.headers).toMatchObject({
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
    });
  });

  it('send nothing, not even a head, while the digest is current or the namespace unknown', async () => {
    const server = await serve();
    const current = new Reading(`${server.url}${STREAM}?digest=${shop(1).digest}`);
    const unknown = new Reading(
      `${server.url}${STREAM.replace('namespaces/default', 'namespaces/later')}`,
    );
    await server.waitForStreams(2);
    server.setSnapshot(shop(1));
    server.setSnapshot(shop(3, 'later'), { namespace: 'later' });
    await unknown.until(() => unknown.text.endsWith('\n'));
    expect(unknown.text).toBe(messageOf(shop(3, 'later')));
    expect(current.response).toBeUndefined();
    server.setSnapshot(shop(2), { push: false });
    server.setSnapshot(shop(3));
    await current.until(() => current.text.endsWith('\n'));
    expect(current.text).toBe(messageOf(shop(3)));
  });

  it.each([
    ['an unknown environment', STREAM, { 'x-flipt-environment': 'nope' }, 404, 5],
    ['a digest of another length', `${STREAM}?digest=abc`, {}, 400, 3],
    ['a wrong token', STREAM, { authorization: 'Bearer wrong' }, 401, 16],
  ])('%s is a wrapped error', async (_what, path, headers, status, code) => {
    const server = await serve(status === 401 ? { token: 'right' } : {});
    const reading = new Reading(server.url + path, headers);
    await reading.until(() => reading.end === 'ended');
    expect(reading.response?.statusCode).toBe(status);
    expect(JSON.parse(reading.text)).toMatchObject({ error: { code, details: [] } });
  });

  it('are not known to a v1 server', async () => {
    const server = await serve({ generation: 'v1' });
    const reading = new Reading(server.url + STREAM);
    await reading.until(() => reading.end === 'ended');
    expect([reading.response?.statusCode, reading.text]).toEqual([404, '404 page not found\n']);
  });

  it.each([
    ['end', 'ended'],
    ['cut', 'broken'],
    ['reset', 'broken'],
    ['hangUp', 'broken'],
  ] as const)('closeStreams(%s)', async (how, end) => {
    const server = await serve();
    const reading = new Reading(server.url + STREAM);
    await reading.until(() => reading.text.endsWith('\n'));
    server.closeStreams(how);
    await reading.until(() => reading.end !== 'open');
    expect(reading.end).toBe(end);
    await server.waitForStreams(0);
  });

  it('misbehave apart from the polls', async () => {
    const server = await serve({
      streamBehaviour: ['errorLine', { name: 'halfLine', how: 'reset' }],
    });
    const first = new Reading(server.url + STREAM);
    await first.until(() => first.end === 'ended');
    expect(JSON.parse(first.text)).toMatchObject({ error: { code: 14 } });
    const second = new Reading(server.url + STREAM);
    await second.until(() => second.end === 'broken');
    const poll = new Reading(server.url + POLL);
    await poll.until(() => poll.end === 'ended');
    expect(JSON.parse(poll.text)).toEqual(shop(1));
    expect(server.requests.map(({ channel }) => channel)).toEqual(['stream', 'stream', 'poll']);
  });
});

describe('the test server', () => {
  it('stops answering while it is paused, and catches up', async () => {
    const server = await serve();
    const stream = new Reading(`${server.url}${STREAM}?digest=${shop(1).digest}`);
    await server.waitForStreams(1);
    server.pause();
    server.setSnapshot(shop(2));
    const poll = new Reading(server.url + POLL);
    await server.waitForConnections(2);
    expect([stream.text, poll.text]).toEqual(['', '']);
    server.resume();
    await Promise.all([stream.until(() => stream.text !== ''), poll.until(() => poll.text !== '')]);
    expect(JSON.parse(poll.text)).toEqual(shop(2));
  });

  it('dies and comes back on its port', async () => {
    const server = await serve();
    const stream = new Reading(server.url + STREAM);
    await stream.until(() => stream.text !== '');
    await server.kill();
    await stream.until(() => stream.end === 'broken');
    const refused = new Reading(server.url + POLL);
    await refused.until(() => refused.end === 'broken');
    await server.restart();
    const poll = new Reading(server.url + POLL);
    await poll.until(() => poll.end === 'ended');
    expect(JSON.parse(poll.text)).toEqual(shop(1));
  });

  it('serves HTTP/2 over TLS with certificates of its own authority', async () => {
    const authority = createAuthority();
    const server = await serve({ tls: authority.issue() });
    const session: ClientHttp2Session = connect(server.url, { ca: authority.cert });
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':path': STREAM }).setEncoding('utf8');
    const text = await new Promise<string>((resolve) => {
      let read = '';
      stream.on('data', (chunk) => {
        read += chunk;
        if (read.endsWith('\n')) resolve(read);
      });
    });
    expect(text).toBe(messageOf(shop(1)));
    expect(server.connects).toMatchObject([{ protocol: 'h2', channels: ['stream'] }]);
    expect(server.peakConnections('stream')).toBe(1);
  });

  it('exchanges service account tokens', async () => {
    const kubernetes = { serviceAccountToken: 'sa', clientToken: 'made' };
    const server = await serve({ token: 'other', kubernetes });
    const path = '/auth/v1/method/kubernetes/serviceaccount';
    const answer = await new Promise<IncomingMessage>((resolve) => {
      const sent = request(server.url + path, { method: 'POST', agent: false }, resolve);
      sent.end('{"service_account_token":"sa"}');
    });
    answer.setEncoding('utf8');
    let text = '';
    for await (const chunk of answer) text += chunk;
    expect(JSON.parse(text)).toMatchObject({ clientToken: 'made' });
    const poll = new Reading(server.url + POLL, { authorization: 'Bearer made' });
    await poll.until(() => poll.end === 'ended');
    expect(poll.response?.statusCode).toBe(200);
  });
});

describe('the test proxy', () => {
  it('forwards plain requests of those who may', async () => {
    const server = await serve();
    const proxy = await startProxy({ username: 'ann', password: 'p w' });
    onTestFinished(() => proxy.close());
    const ask = (authorization: string) =>
      new Promise<IncomingMessage>((resolve) => {
        const headers = { 'proxy-authorization': authorization };
        const path = server.url + POLL;
        request(
          { host: '127.0.0.1', port: proxy.port, path, headers, agent: false },
          resolve,
        ).end();
      });
    expect((await ask('Basic none')).statusCode).toBe(407);
    const good = `Basic ${Buffer.from('ann:p w').toString('base64')}`;
    expect((await ask(good)).statusCode).toBe(200);
    expect(proxy.forwards).toEqual([server.url + POLL, server.url + POLL]);
    expect(server.requests[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(proxy.refused).toBe(1);
  });
});
