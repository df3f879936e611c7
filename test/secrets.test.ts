import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, quiet, serve } from './support/harness.ts';
import { type ClientOptions, FliptClient } from './support/sdk.ts';
import type { Behaviour, Exchange } from './support/server.mjs';

const jwt = (name: string, seconds: number) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return `${part({ alg: 'none' })}.${part({ sub: name, exp })}.signature-of-${name}`;
};

/** What must appear nowhere. A stage may add its own. */
const secrets: Record<string, string> = {
  'client token': 'client-token-0f4e1c',
  'second client token': 'client-token-77ab02',
  'refused token': 'refused-token-5d11c9',
  'token of a function': 'function-token-e90b34',
  'token of a pod': 'pod-token-c2d8f7',
  'exchanged token': 'exchanged-token-19aa60',
  'JSON web token': jwt('short-lived', 3_600),
  'renewed JSON web token': jwt('long-lived', 36_000),
  'words of a function': 'words-of-a-function-b3f2',
  'word of a URL': 'word-of-a-url-83d0aa',
  'word of a proxy': 'word-of-a-proxy-6cc1e5',
  'word of a body': 'word-of-a-body-fe7712',
};

const secret = (name: string): string => secrets[name] as string;

/** Everything that was produced, as text, with where it came from. */
class Produced {
  readonly texts: [where: string, text: string][] = [];

  /** A value in every form in which it may reach a log. */
  value(where: string, value: unknown): void {
    this.texts.push([where, String(value)], [where, JSON.stringify(value) ?? '']);
    this.texts.push([where, inspect(value, { depth: 20, showHidden: true, getters: true })]);
  }

  /** An error; `thrown` is what a callback of the user threw, which the caller gets back as it was. */
  error(where: string, error: unknown, thrown?: unknown): void {
    expect(error, where).toBeInstanceOf(Error);
    const { message, stack } = error as Error;
    this.texts.push([where, message], [where, stack ?? ''], [where, JSON.stringify(error)]);
    if (thrown !== undefined) {
      expect((error as Error).cause, where).toBe(thrown);
      delete (error as { cause?: unknown }).cause;
    }
    this.value(where, error);
  }

  /** What a client says about itself, now and later. */
  client(where: string, client: FliptClient): void {
    this.value(`${where}, client`, client);
    const { status, on } = client as {
      status?: unknown;
      on?: (event: string, listener: (event: unknown) => void) => void;
    };
    this.value(`${where}, status`, status);
    for (const event of ['ready', 'change', 'status', 'stale', 'recovered', 'error', 'closed']) {
      on?.call(client, event, (payload) => this.value(`${where}, ${event}`, payload));
    }
  }

  snapshot(where: string, client: FliptClient): void {
    const text = client.getSnapshot();
    this.texts.push([where, text], [where, Buffer.from(text, 'base64').toString()]);
  }
}

/** One stretch of a client's life; `options` log into what is scanned. */
type Stage = (produced: Produced, logger: Log) => Promise<void>;

const refusingAllBut =
  (...credentials: string[]): Behaviour =>
  (exchange: Exchange) =>
    credentials.includes(exchange.request.headers.authorization ?? 'none')
      ? 'serve'
      : { name: 'status', status: 401 };

/** A client that logs, ends with the test and is scanned at its end. */
async function live(
  where: string,
  produced: Produced,
  options: ClientOptions,
  life: (client: FliptClient) => Promise<unknown>,
): Promise<void> {
  const client = await FliptClient.init(options);
  produced.client(where, client);
  await life(client);
  produced.client(`${where}, before its end`, client);
  await client.close();
  produced.client(`${where}, closed`, client);
  produced.error(`${where}, after close`, await failureOf(client.refresh()));
}

const stages: Record<string, Stage> = {
  async 'a token that works, and a server that fails in every way'(produced, logger) {
    const server = await serve({ token: secret('client token') });
    const authentication = { clientToken: secret('client token') };
    await live('failures', produced, quiet(server, { authentication, logger }), async (client) => {
      produced.snapshot('snapshot', client);
      const word = secret('word of a body');
      const location = `http://u:${word}@localhost:9/?token=${word}`;
      const behaviours: Behaviour[] = [
        { name: 'status', status: 401 },
        { name: 'status', status: 403, message: word },
        { name: 'status', status: 404, message: word },
        { name: 'status', status: 500, message: word },
        { name: 'answer', status: 200, body: word },
        { name: 'redirect', location },
        'notJson',
        'html',
        'reset',
        'truncated',
        'brokenGzip',
      ];
      for (const behaviour of behaviours) {
        server.setBehaviour(behaviour);
        produced.error(JSON.stringify(behaviour), await failureOf(client.refresh()));
      }
      server.setBehaviour('serve');
      await client.refresh();
    });
  },

  async 'a first load that is refused'(produced, logger) {
    const server = await serve({ token: 'another' });
    const authentication = [
      { clientToken: secret('refused token') },
      { jwtToken: secret('JSON web token') },
    ];
    const options = quiet(server, { authentication, logger });
    produced.error('refused', await failureOf(FliptClient.init(options)));
    await live(
      'refused under fallback',
      produced,
      { ...options, errorStrategy: 'fallback' },
      async (client) => {
        expect(await client.refresh()).toBe(false);
        produced.error('not ready', await failureOf(() => client.listFlags()));
      },
    );
  },

  async 'functions that answer, are asked again, and fail'(produced, logger) {
    const first = `Bearer ${secret('token of a function')}`;
    const second = `JWT ${secret('renewed JSON web token')}`;
    const server = await serve({ behaviour: refusingAllBut(first, second) });
    const thrown = new Error(`${secret('words of a function')} ${secret('token of a function')}`);
    const answers: (() => string)[] = [
      () => secret('refused token'),
      () => secret('token of a function'),
    ];
    const clientToken = () => answers.shift()?.() ?? raise(thrown);
    const options = quiet(server, { authentication: { clientToken }, logger });
    await live('functions', produced, options, async (client) => {
      server.setBehaviour(refusingAllBut(second));
      produced.error('a function that throws', await failureOf(client.refresh()), thrown);
      await client.updateAuthentication({ jwtToken: async () => secret('renewed JSON web token') });
      await client.refresh();
      produced.snapshot('snapshot after a renewal', client);
      for (const answer of [`${secret('client token')}\n`, { token: secret('client token') }]) {
        await client.updateAuthentication({ clientToken: (() => answer) as never });
        server.setBehaviour(refusingAllBut());
        const error = await failureOf(client.refresh());
        produced.error('an answer that is no token', error);
      }
    });
    for (const words of [secret('words of a function'), { token: secret('client token') }]) {
      const authentication = { clientToken: () => Promise.reject(words) };
      const error = await failureOf(FliptClient.init({ ...options, authentication }));
      produced.error('a function that rejects', error, words);
    }
    const slow = { ...options, requestTimeout: 0.02 };
    const jwtToken = () => new Promise<string>(() => {});
    const error = await failureOf(FliptClient.init({ ...slow, authentication: { jwtToken } }));
    produced.error('a function that is late', error);
  },

  async 'a list, its rotation and updates'(produced, logger) {
    const names = ['client token', 'second client token'].map(secret);
    const server = await serve({ behaviour: refusingAllBut(`Bearer ${names[1]}`) });
    const authentication = names.map((clientToken) => ({ clientToken }));
    await live('a list', produced, quiet(server, { authentication, logger }), async (client) => {
      server.setBehaviour(refusingAllBut());
      produced.error('a list refused', await failureOf(client.refresh()));
      const bad: unknown[] = [
        secret('client token'),
        { clientToken: `${secret('client token')} ` },
        [{ jwtToken: `${secret('JSON web token')}\r\n` }, secret('client token')],
        { token: secret('client token') },
        { clientToken: secret('client token'), jwtToken: secret('JSON web token') },
      ];
      for (const update of bad) {
        const error = await failureOf(client.updateAuthentication(update as never));
        produced.error('a bad update', error);
      }
      await client.updateAuthentication({ clientToken: secret('refused token') });
      produced.error('an update refused', await failureOf(client.refresh()));
    });
  },

  async 'the token of a pod and its exchange'(produced, logger) {
    const folder = mkdtempSync(join(tmpdir(), 'flipt-native-secrets-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const tokenPath = join(folder, 'token');
    writeFileSync(tokenPath, secret('token of a pod'));
    const given = JSON.stringify({ clientToken: secret('exchanged token') });
    const server = await serve({
      behaviour: refusingAllBut(`Bearer ${secret('exchanged token')}`),
    });
    const headers = { 'content-type': 'application/json' };
    server.setExchangeBehaviour({ name: 'answer', headers, body: given });
    const options = quiet(server, { authentication: { kubernetes: { tokenPath } }, logger });
    await live('a pod', produced, options, async (client) => {
      for (const body of [secret('exchanged token'), `{"clientToken":["${given}"]}`]) {
        server.setBehaviour({ name: 'status', status: 401 });
        server.setExchangeBehaviour({ name: 'answer', body });
        produced.error('an exchange that fails', await failureOf(client.refresh()));
      }
    });
    writeFileSync(tokenPath, `${secret('token of a pod')} ${secret('token of a pod')}`);
    produced.error('a file with something else', await failureOf(FliptClient.init(options)));
  },

  async 'options that cannot be used'(produced, logger) {
    const word = secret('word of a URL');
    const token = secret('client token');
    const bad: object[] = [
      { url: `http://admin:${word}@localhost/?key=${word}` },
      { url: `http://${word}@` },
      { url: `ftp://localhost/${word}` },
      { authentication: token },
      { authentication: [token] },
      { authentication: { clientToken: `${token}\n` } },
      { authentication: { clientToken: { token } } },
      { authentication: { kubernetes: { tokenPath: [token] } } },
      { namespace: { token } },
      { proxy: `socks://u:${secret('word of a proxy')}@localhost` },
      { proxy: { url: secret('word of a proxy') } },
      { snapshot: Buffer.from(token).toString('base64') },
      { tlsConfig: { clientKeyData: token, clientCertData: token, caCertData: token } },
      { hook: 7, authentication: { clientToken: `${token} ` } },
    ];
    for (const options of bad) {
      const failing = { retry: { maxRetries: 0 }, initTimeoutMs: 1_000, ...options, logger };
      const error = await failureOf(FliptClient.init(failing as ClientOptions));
      produced.error(Object.keys(options).join(), error);
    }
  },

  async 'a proxy with credentials that nobody answers'(produced, logger) {
    const server = await serve();
    const proxy = `http://u:${secret('word of a proxy')}@127.0.0.1:9`;
    const options = { ...quiet(server, { logger, errorStrategy: 'fallback' }), proxy };
    await live('a proxy', produced, options as ClientOptions, (client) => client.refresh());
  },

  async 'a fetcher that fails with credentials in its words'(produced, logger) {
    const thrown = new TypeError(`Bearer ${secret('client token')} was refused`);
    let calls = 0;
    const fetcher = async () => (calls++ === 0 ? Response.json(shop()) : raise(thrown));
    const authentication = { clientToken: secret('client token') };
    const options = quiet({ url: 'http://localhost:9' }, { fetcher, authentication, logger });
    await live('a fetcher', produced, options, async (client) => {
      const { message, stack, cause } = (await failureOf(client.refresh())) as Error;
      expect(cause).toBe(thrown);
      produced.value('a fetcher that fails', { message, stack });
    });
  },

  async 'what a process prints when nobody catches'(produced) {
    const server = await serve({ token: 'another' });
    const token = JSON.stringify(secret('client token'));
    for (const authentication of [
      `{ clientToken: ${token} }`,
      `[{ clientToken: () => ${token} }, { jwtToken: ${token} }]`,
      `{ clientToken: ${token} + '\\n' }`,
    ]) {
      const finished = await runScript(
        `sdk.FliptClient.init({ url, authentication: ${authentication}, logger: console });`,
        server.url,
        { env: { RUST_BACKTRACE: '1', RUST_LOG: 'trace' } },
      );
      expect(finished.code).not.toBe(0);
      const printed = `${finished.stdout}\n${finished.stderr}`;
      expect(printed).toContain('FLIPT_');
      // Node quotes the line of the script that failed; the script itself is not ours.
      produced.value('a process', printed.replaceAll(/^sdk\.FliptClient\.init.*$/gm, ''));
    }
  },
};

/** The forms in which a secret may hide. */
function formsOf(text: string): string[] {
  const [, payload, signature] = text.split('.');
  const encoded = [Buffer.from(text).toString('base64'), encodeURIComponent(text)];
  return [text, ...encoded, ...(payload && signature ? [payload, signature] : [])];
}

it('no credential shows in anything that a full life produces', async () => {
  const produced = new Produced();
  const logger = new Log();
  for (const stage of Object.values(stages)) {
    await stage(produced, logger);
  }
  for (const { level, message } of logger.entries) {
    produced.texts.push([`log, ${level}`, message]);
  }
  expect(logger.at('warn')).not.toHaveLength(0);
  expect(logger.at('debug')).not.toHaveLength(0);
  expect(produced.texts.length).toBeGreaterThan(300);
  const found = produced.texts.flatMap(([where, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
      .map(([name]) => `${name} in ${where}: ${text}`),
  );
  expect(found).toEqual([]);
});

it('the scan finds what is there', () => {
  const produced = new Produced();
  produced.value('a place', { nested: { token: secret('client token') } });
  produced.error('an error', new Error('x', { cause: new Error(secret('JSON web token')) }));
  const where = produced.texts.filter(([, text]) =>
    [secret('client token'), secret('JSON web token')].some((form) => text.includes(form)),
  );
  expect(new Set(where.map(([place]) => place))).toEqual(new Set(['a place', 'an error']));
});

function raise(thrown: unknown): never {
  throw thrown;
}
