import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, createAuthority } from './support/certificates.mjs';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import {
  built,
  type ClientOptions,
  FliptClient,
  type FliptError,
  type ValidationProblem,
} from './support/sdk.ts';

type TlsConfig = NonNullable<ClientOptions['tlsConfig']>;

const authority = createAuthority();
const stranger = createAuthority('somebody else');
const own = authority.issue();
const identity = authority.issue({ usage: 'client', hosts: ['service'] });

/** Files that end with the test, by the names of `tlsConfig`. */
function files(contents: Record<string, string>): TlsConfig {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const written = Object.entries(contents).map(([name, text]) => {
    const path = join(folder, `${name}.pem`);
    writeFileSync(path, text);
    return [name, path];
  });
  return Object.fromEntries(written);
}

const secured = (certificate: Certificate, rest: object = {}) =>
  serve({ tls: { ...certificate, ...rest } });

/** A server that lets only those in who show a certificate of the authority. */
const mutual = () => secured(own, { ca: authority.cert, requestCert: true });

/** What a first load fails with. */
async function refusal(server: { url: string }, options: ClientOptions): Promise<FliptError> {
  return (await failureOf(FliptClient.init(quiet(server, options)))) as FliptError;
}

describe('certificates', () => {
  it.each<[string, () => TlsConfig]>([
    ['caCertData', () => ({ caCertData: authority.cert })],
    ['caCertFile', () => files({ caCertFile: authority.cert })],
    [
      'caCertData before caCertFile',
      () => ({ caCertData: authority.cert, ...files({ caCertFile: stranger.cert }) }),
    ],
    ['one of several authorities', () => ({ caCertData: stranger.cert + authority.cert })],
  ])('of a private authority are accepted by %s', async (_name, tlsConfig) => {
    const server = await secured(own);
    const logger = new Log();
    const client = await open(server, { tlsConfig: tlsConfig(), logger });
    expect(client.listFlags()).toHaveLength(5);
    expect(logger.at('warn')).toEqual([]);
  });

  it.each<[string, Certificate, RegExp]>([
    ['of an unknown authority', stranger.issue(), /issuer of its certificate is not trusted/],
    ['of another host', authority.issue({ hosts: ['elsewhere.example'] }), /for another host/],
    ['that has expired', authority.issue({ days: -1 }), /has expired/],
  ])('%s is refused by name', async (_name, certificate, message) => {
    const server = await secured(certificate);
    const error = await refusal(server, { tlsConfig: { caCertData: authority.cert } });
    expect(error).toMatchObject({
      name: 'SecurityError',
      code: 'FLIPT_TLS_FAILED',
      retryable: false,
    });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(server.requests).toEqual([]);
  });

  it('a stream is refused alike', async () => {
    const server = await secured(own);
    const options = { tlsConfig: { caCertData: authority.cert }, fetchMode: 'streaming' } as const;
    const client = await open(server, options);
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    const recorder = new Recorder(client, ['error']);
    server.setTls(authority.issue({ days: -1 }));
    await server.kill();
    await server.restart();
    const codes = () => recorder.of('error').map(({ code }) => code);
    while (!codes().includes('FLIPT_TLS_FAILED')) {
      await recorder.waitFor('error', codes().length + 1);
    }
    expect(client.status.connection).toBe('reconnecting');
    expect(client.listFlags()).toHaveLength(5);
  });
});

describe('a client certificate', () => {
  const data = () => ({ clientCertData: identity.cert, clientKeyData: identity.key });
  const inFiles = () => files({ clientCertFile: identity.cert, clientKeyFile: identity.key });

  it.each<[string, () => TlsConfig]>([
    ['as data', data],
    ['in files', inFiles],
    [
      'as data and in a file',
      () => ({ clientCertData: identity.cert, ...files({ clientKeyFile: identity.key }) }),
    ],
    [
      'as data before files',
      () => ({ ...files({ clientCertFile: 'x', clientKeyFile: 'x' }), ...data() }),
    ],
  ])('%s is shown', async (_name, tlsConfig) => {
    const server = await mutual();
    const options = { tlsConfig: { caCertData: authority.cert, ...tlsConfig() } };
    const client = await open(server, { ...options, fetchMode: 'streaming' });
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    expect(client.listFlags()).toHaveLength(5);
  });

  it('that is missing is asked for', async () => {
    const tls = { ...own, ca: authority.cert, requestCert: true };
    const server = await serve({ tls, http2: false });
    const error = await refusal(server, { tlsConfig: { caCertData: authority.cert } });
    expect(error).toMatchObject({ code: 'FLIPT_TLS_FAILED', retryable: false });
    expect(error.message).toContain('it asks for a client certificate');
  });

  it('of a stranger lets nobody in', async () => {
    const server = await mutual();
    const { cert, key } = stranger.issue({ usage: 'client' });
    const tlsConfig = { caCertData: authority.cert, clientCertData: cert, clientKeyData: key };
    // Some servers say that it is the certificate, and some just hang up.
    const { code } = await refusal(server, { tlsConfig });
    expect(['FLIPT_TLS_FAILED', 'FLIPT_CONNECTION_FAILED']).toContain(code);
    expect(server.requests).toEqual([]);
  });

  const encrypted = authority.issue({ usage: 'client', passphrase: 'hunter2' });
  const another = authority.issue({ usage: 'client' });
  const bad: [name: string, () => TlsConfig, field: string, received: RegExp][] = [
    [
      'a key of another certificate',
      () => ({ clientCertData: identity.cert, clientKeyData: another.key }),
      'tlsConfig.clientKeyData',
      /does not belong to the client certificate/,
    ],
    [
      'an encrypted key',
      () => ({ clientCertData: encrypted.cert, clientKeyData: encrypted.key }),
      'tlsConfig.clientKeyData',
      /an encrypted key/,
    ],
    [
      'an encrypted key in a file',
      () => files({ clientCertFile: encrypted.cert, clientKeyFile: encrypted.key }),
      'tlsConfig.clientKeyFile',
      /an encrypted key/,
    ],
    [
      'a key without its certificate',
      () => ({ clientKeyData: identity.key }),
      'tlsConfig.clientCertData',
      /a key without its client certificate/,
    ],
    [
      'a certificate that is none',
      () => ({ clientCertData: 'hunter2', clientKeyData: identity.key }),
      'tlsConfig.clientCertData',
      /without a certificate/,
    ],
    [
      'a file that is not there',
      () => ({ caCertFile: '/nowhere/ca.pem' }),
      'tlsConfig.caCertFile',
      /cannot be read/,
    ],
  ];

  it.each(bad)('%s is a named option', async (_name, tlsConfig, field, received) => {
    const server = await secured(own);
    const error = await refusal(server, { tlsConfig: tlsConfig() });
    expect(error).toMatchObject({ name: 'ValidationError', code: 'FLIPT_OPTION_INVALID' });
    const problems = error.details.problems as ValidationProblem[];
    expect(problems).toEqual([
      expect.objectContaining({ field, received: expect.stringMatching(received) }),
    ]);
    expect(JSON.stringify(error)).not.toMatch(/hunter2|BEGIN/);
  });
});

describe('insecure modes work, and warn with every start', () => {
  const hostless = authority.issue({ hosts: ['elsewhere.example'] });
  const unknown = stranger.issue({ hosts: ['elsewhere.example'], days: -1 });

  it.each<[string, Certificate, TlsConfig]>([
    ['insecureSkipVerify', unknown, { insecureSkipVerify: true }],
    [
      'insecureSkipHostnameVerify',
      hostless,
      { insecureSkipHostnameVerify: true, caCertData: authority.cert },
    ],
  ])('%s', async (name, certificate, tlsConfig) => {
    const server = await secured(certificate);
    for (const fetchMode of ['polling', 'streaming', 'polling'] as const) {
      const logger = new Log();
      const client = await open(server, { tlsConfig, logger, fetchMode });
      expect(client.listFlags()).toHaveLength(5);
      expect(logger.at('warn')).toEqual([expect.stringContaining(name)]);
    }
  });

  it('skipping the hostname keeps checking the chain and the dates', async () => {
    const tlsConfig = { insecureSkipHostnameVerify: true, caCertData: authority.cert };
    for (const certificate of [stranger.issue(), authority.issue({ days: -1 })]) {
      const server = await secured(certificate);
      expect(await refusal(server, { tlsConfig })).toMatchObject({ code: 'FLIPT_TLS_FAILED' });
    }
  });

  it('NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const server = await secured(unknown);
    const script = `(async () => {
      const warnings = [];
      const quiet = () => {};
      const logger = { debug: quiet, info: quiet, error: quiet, warn: (text) => warnings.push(text) };
      for (let i = 0; i < 2; i++) await (await sdk.FliptClient.init({ url, logger })).close();
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '1';
      logger.warn = quiet;
      const code = await sdk.FliptClient.init({ url, logger }).catch((error) => error.code);
      done({ warnings, code });
    })();`;
    const finished = await runScript(script, server.url, {
      env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    });
    expect(answerOf(finished)).toEqual({
      warnings: Array(2).fill(expect.stringMatching(/^NODE_TLS_REJECT_UNAUTHORIZED is 0: /)),
      code: 'FLIPT_TLS_FAILED',
    });
  });
});

describe('private authorities of the environment', () => {
  const variables = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'] as const;
  const tries = `
    const code = () => sdk.FliptClient.init({ url }).then(
      async (client) => { await client.close(); return 'welcome'; },
      (error) => error.code,
    );`;

  it.each(variables)('%s is honoured, beside the usual roots and caCert', async (name) => {
    const server = await secured(own);
    const { caCertFile = '' } = files({ caCertFile: authority.cert });
    const env = { NODE_EXTRA_CA_CERTS: undefined, SSL_CERT_FILE: undefined };
    const script = `${tries} code().then(done);`;
    const without = await runScript(script, server.url, { env });
    expect(answerOf(without)).toBe('FLIPT_TLS_FAILED');
    const with_ = await runScript(script, server.url, { env: { ...env, [name]: caCertFile } });
    expect(answerOf(with_)).toBe('welcome');
  });

  it('each worker thread has an environment of its own', async () => {
    const server = await secured(own);
    const { caCertFile = '' } = files({ caCertFile: authority.cert });
    const worker = `const { workerData: { url, entry }, parentPort } = require('node:worker_threads');
      const sdk = require(entry);
      ${tries}
      code().then((answer) => parentPort.postMessage(answer));`;
    const script = `${tries}
      const { Worker } = require('node:worker_threads');
      const { once } = require('node:events');
      const workerData = { url, entry: ${JSON.stringify(built())} };
      const inWorker = async (env) => {
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData, env });
        return (await once(worker, 'message'))[0];
      };
      (async () => {
        const own = { ...process.env, NODE_EXTRA_CA_CERTS: ${JSON.stringify(caCertFile)} };
        done([await inWorker(own), await code(), await inWorker({})]);
      })();`;
    const env = { NODE_EXTRA_CA_CERTS: undefined, SSL_CERT_FILE: undefined };
    const finished = await runScript(script, server.url, { env });
    expect(answerOf(finished)).toEqual(['welcome', 'FLIPT_TLS_FAILED', 'FLIPT_TLS_FAILED']);
  });

  it('one that cannot be read is a warning where it is needed', async () => {
    const server = await serve({ tls: own });
    const tlsConfig = JSON.stringify({ caCertData: authority.cert });
    const script = `const tlsConfig = ${tlsConfig};
      const warnings = [];
      const quiet = () => {};
      const logger = { debug: quiet, info: quiet, error: quiet, warn: (text) => warnings.push(text) };
      sdk.FliptClient.init({ url, logger, tlsConfig }).then(() => done(warnings));`;
    const env = { SSL_CERT_FILE: '/nowhere/roots.pem', NODE_EXTRA_CA_CERTS: undefined };
    const warnings = answerOf(await runScript(script, server.url, { env }));
    expect(warnings).toEqual([expect.stringMatching(/^SSL_CERT_FILE is ignored: /)]);
  });
});

describe('HTTP/2 and gzip', () => {
  const tlsConfig = { caCertData: authority.cert };

  it.each([true, false])('streaming over TLS, HTTP/2 offered: %s', async (http2) => {
    const server = await serve({ tls: own, http2 });
    const client = await open(server, { tlsConfig, fetchMode: 'streaming' });
    const recorder = new Recorder(client, ['change']);
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    for (const revision of [2, 3, 4]) {
      server.setSnapshot(shop(revision));
      await recorder.waitFor('change', revision - 1);
      expect(client.status.digest).toBe(shop(revision).digest);
    }
    expect(new Set(server.requests.map(({ httpVersion }) => httpVersion))).toEqual(
      new Set([http2 ? '2.0' : '1.1']),
    );
    expect(server.requests.map(({ channel }) => channel)).toEqual(['poll', 'stream']);
    for (const { headers } of server.requests) {
      expect(headers['accept-encoding']).toContain('gzip');
    }
    // Streams and polls have connections of their own.
    expect(server.connects.map(({ protocol, channels }) => [protocol, channels])).toEqual([
      [http2 ? 'h2' : 'http/1.1', ['poll']],
      [http2 ? 'h2' : 'http/1.1', ['stream']],
    ]);
  });

  it('several clients share what they are connected by', async () => {
    const server = await serve({ tls: own });
    const options = { tlsConfig, fetchMode: 'streaming' } as const;
    const clients = [];
    for (let count = 1; count <= 5; count += 1) {
      clients.push(await open(server, options));
      await server.waitFor('a stream', () => server.listeningStreams === count);
    }
    await Promise.all(clients.map((client) => client.refresh()));
    expect(server.connections).toBe(2);
    expect(Math.max(...server.connects.map(({ peakActive }) => peakActive))).toBe(5);
  });

  it('plain HTTP is HTTP/1.1', async () => {
    const server = await serve();
    await open(server, { fetchMode: 'streaming' });
    await server.waitFor('a stream', () => server.listeningStreams === 1);
    expect(server.connects.map(({ protocol }) => protocol)).toEqual(['http/1.1', 'http/1.1']);
  });
});
