// Clients that identify themselves, and how that goes wrong.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { runScript } from '../support/child.ts';
import { shop } from '../support/flags.ts';
import { failureOf, quiet, serve } from '../support/harness.ts';
import { type ClientOptions, FliptClient } from '../support/sdk.ts';
import type { Behaviour } from '../support/server.mjs';
import { live, raise, refusingAllBut, type Stage, secret } from './produced.ts';

export const credentialStages: Record<string, Stage> = {
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
