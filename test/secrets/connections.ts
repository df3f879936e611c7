// Streams, proxies, certificates and the disk.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { createAuthority } from '../support/certificates.mjs';
import { shop } from '../support/flags.ts';
import { failureOf, quiet, serve } from '../support/harness.ts';
import { startProxy } from '../support/proxy.mjs';
import { Recorder } from '../support/recorder.ts';
import { type ClientOptions, FliptClient, type FliptError } from '../support/sdk.ts';
import type { StreamBehaviour } from '../support/server.mjs';
import { clientCertificate, live, type Stage, secret } from './produced.ts';

type TlsConfig = ClientOptions['tlsConfig'];

const authority = createAuthority();

/** The first error that a client tells of. */
function firstFailure() {
  let onError: (error: FliptError) => void = () => {};
  const failure = new Promise<FliptError>((resolve) => {
    onError = resolve;
  });
  return { onError, failure };
}

export const connectionStages: Record<string, Stage> = {
  async 'streams that are refused, and that fail in every way'(produced, logger) {
    const word = secret('word of a body');
    const token = secret('token of a stream');
    const location = `http://u:${word}@localhost:9/?token=${word}`;
    const failures: StreamBehaviour[] = [
      { name: 'status', status: 401, message: word },
      { name: 'status', status: 403, message: word },
      { name: 'status', status: 404, message: word },
      { name: 'status', status: 500, message: word },
      { name: 'status', status: 501, message: word },
      { name: 'answer', body: word },
      { name: 'redirect', location },
      { name: 'errorLine', code: 16, message: `${word} ${token}` },
      { name: 'errorLine', after: 1, code: 14, message: word },
      { name: 'garbageLine', text: `Bearer ${token}` },
      { name: 'garbageLine', text: `{"error":{"code":"${word}","message":["${word}"]}}` },
      { name: 'garbageLine', text: `{"result":{"flags":"${word}"}}` },
      'html',
      'reset',
    ];
    for (const streamBehaviour of failures) {
      const server = await serve({ token, streamBehaviour });
      const authentication = { clientToken: token };
      // Some fail once, perhaps before anybody can listen to the client.
      const { onError, failure } = firstFailure();
      const options = { fetchMode: 'streaming', authentication, logger, onError } as const;
      const where = `a stream, ${JSON.stringify(streamBehaviour)}`;
      await live(where, produced, quiet(server, options), async (client) => {
        const error = await failure;
        produced.error(where, error);
        produced.value(`${where}, status`, client.status);
        produced.error(`${where}, last error`, client.status.lastError ?? error);
      });
    }
  },

  async 'a stream whose credential is replaced, refused and mended'(produced, logger) {
    const token = secret('token of a stream');
    const renewed = secret('second client token');
    const server = await serve({ token });
    const authentication = { clientToken: token };
    const options = { fetchMode: 'streaming', authentication, logger } as const;
    await live('a stream', produced, quiet(server, options), async (client) => {
      const recorder = new Recorder(client);
      await server.waitFor('a stream', () => server.listeningStreams === 1);
      server.setAuthorizations([`Bearer ${renewed}`]);
      server.closeStreams('reset');
      produced.error('a stream refused', (await recorder.waitFor('error', 2))[1]);
      await client.updateAuthentication({ clientToken: renewed });
      server.setSnapshot(shop(2));
      await recorder.waitFor('change');
      produced.value('a stream, every event', recorder.events);
    });
  },

  async 'proxies with credentials that are refused, that refuse, and that are away'(
    produced,
    logger,
  ) {
    const password = secret('word of a proxy');
    const credentials = `ann:${password}@`;
    for (const tls of [undefined, authority.issue()]) {
      const server = await serve(tls === undefined ? {} : { tls });
      const proxy = await startProxy({ username: 'ann', password });
      onTestFinished(() => proxy.close());
      const common = {
        logger,
        tlsConfig: { caCertData: authority.cert },
        requestTimeout: 1.5,
        fetchMode: 'streaming',
      } as const;
      const where = `a proxy to ${server.url.split(':')[0]}`;
      const options = quiet(server, { ...common, proxy: proxy.url });
      await live(where, produced, options, async (client) => {
        produced.snapshot(where, client);
        proxy.setBehaviour({ status: 407 });
        await client.refresh().catch((error) => produced.error(`${where} that refuses`, error));
        await client.reconnect().catch((error) => produced.error(`${where} that refuses`, error));
        produced.value(`${where} that refuses, status`, client.status);
        await proxy.close();
        produced.error(`${where} that is away`, await failureOf(client.reconnect()));
        await proxy.open();
      });
      const other = await startProxy({ username: 'ann', password: 'another' });
      onTestFinished(() => other.close());
      const refused = { ...common, proxy: `http://${credentials}127.0.0.1:${other.port}` };
      const error = await failureOf(FliptClient.init(quiet(server, refused)));
      expect(error).toMatchObject({ code: 'FLIPT_PROXY_FAILED' });
      produced.error(`${where} that refuses from the start`, error);
      expect(other.refused).toBeGreaterThan(0);
    }
    for (const proxy of [
      `socks5://${credentials}x`,
      `http://${credentials}`,
      `${credentials}:::`,
    ]) {
      produced.error('a bad proxy', await failureOf(FliptClient.init({ proxy, logger })));
    }
  },

  async 'a key of a client that fits, does not fit, and cannot be read'(produced, logger) {
    const { cert, key } = clientCertificate;
    const tls = { ...authority.issue(), ca: clientCertificate.authority, requestCert: true };
    const server = await serve({ tls });
    const trust = { caCertData: authority.cert };
    const good = { ...trust, clientCertData: cert, clientKeyData: key };
    const options = { logger, fetchMode: 'streaming', tlsConfig: good } as const;
    await live('a good key', produced, quiet(server, options), async (client) => {
      await server.waitFor('a stream', () => server.listeningStreams === 1);
      produced.snapshot('a good key', client);
      await server.kill();
      produced.error('a good key, and no server', await failureOf(client.refresh()));
      await server.restart();
    });
    const [head = '', ...rest] = key.split('\n');
    const word = secret('token of a pod');
    const bad: unknown[] = [
      { ...good, clientCertData: authority.issue({ usage: 'client' }).cert },
      { ...good, clientKeyData: [head, word, ...rest].join('\n') },
      { ...good, clientKeyData: rest.join('\n') },
      { ...good, clientKeyData: key.slice(0, key.length / 2) },
      { ...good, clientKeyData: key.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY') },
      { ...good, clientKeyData: [key] },
      { ...good, clientKeyData: { pem: key } },
      { ...good, clientCertData: key },
      { ...good, caCertData: key },
      { ...good, clientKeyData: undefined, clientKeyFile: key },
      { ...trust, clientKeyData: key },
      key,
    ];
    for (const tlsConfig of bad) {
      const failing = quiet(server, { logger, tlsConfig: tlsConfig as TlsConfig });
      produced.error('a bad key', await failureOf(FliptClient.init(failing)));
    }
  },

  async 'the disk'(produced, logger) {
    const folder = mkdtempSync(join(tmpdir(), 'flipt-native-secrets-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'flags');
    const token = secret('client token');
    const renewed = secret('JSON web token');
    const server = await serve({ token });
    const proxy = await startProxy({ username: 'ann', password: secret('word of a proxy') });
    onTestFinished(() => proxy.close());
    const options: ClientOptions = {
      logger,
      cache: { path },
      proxy: proxy.url,
      authentication: [{ clientToken: () => token }, { jwtToken: secret('JSON web token') }],
    };
    await live('a cache', produced, quiet(server, options), async (client) => {
      await vi.waitUntil(() => existsSync(path), { timeout: 20_000 });
      server.setAuthorizations([`JWT ${renewed}`]);
      server.setSnapshot(shop(2));
      await client.refresh();
    });
    await vi.waitUntil(() => readFileSync(path).includes(shop(2).digest), { timeout: 20_000 });
    for (const name of readdirSync(folder)) {
      produced.value('the name of a file', name);
      produced.texts.push(['a cache file', readFileSync(join(folder, name), 'latin1')]);
    }
    expect(readdirSync(folder)).toEqual(['flags']);
    await server.kill();
    await live('from a cache', produced, quiet(server, options), async (client) => {
      expect(client.status.source).toBe('cache');
      produced.error('from a cache, and no server', await failureOf(client.refresh()));
    });
    const nowhere = { ...options, cache: { path: join(folder, 'flags', 'below') } };
    await server.restart();
    await live('a cache that cannot be written', produced, quiet(server, nowhere), (client) =>
      client.refresh(),
    );
  },
};
