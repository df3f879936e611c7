import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve } from './support/harness.ts';
import { type ClientOptions, FliptClient, type ValidationProblem } from './support/sdk.ts';
import type { Exchange, TestServer } from './support/server.mjs';

type CredentialRequest = import('../src/index.ts').CredentialRequest;
type TokenSource = import('../src/index.ts').TokenSource;

/** Lets requests in with one of these credentials. */
const admitting =
  (...credentials: string[]) =>
  (exchange: Exchange) =>
    credentials.includes(exchange.request.headers.authorization ?? 'none')
      ? 'serve'
      : ({ name: 'status', status: 401 } as const);

const sent = (server: TestServer, since = 0) =>
  server.requests.slice(since).map(({ headers }) => headers.authorization ?? 'none');

/** A credential function that answers with each text in turn, then with the last for ever, and remembers its calls. */
function asked(...answers: string[]) {
  const calls: CredentialRequest[] = [];
  const source = (request: CredentialRequest) => {
    calls.push(request);
    return answers[Math.min(calls.length, answers.length) - 1] ?? '';
  };
  return { calls, source, reasons: () => calls.map(({ reason }) => reason) };
}

describe('a credential function', () => {
  it.each(['clientToken', 'jwtToken'] as const)(
    '%s: called once, with the reason and a signal',
    async (name) => {
      const server = await serve();
      const { calls, source } = asked('a.b.c');
      const client = await open(server, { authentication: { [name]: source } });
      await client.refresh();
      expect(calls).toStrictEqual([{ reason: 'initial', signal: expect.any(AbortSignal) }]);
      expect(calls[0]?.signal.aborted).toBe(false);
      const scheme = name === 'clientToken' ? 'Bearer' : 'JWT';
      expect(sent(server)).toEqual([`${scheme} a.b.c`, `${scheme} a.b.c`]);
    },
  );

  it.each<[string, TokenSource]>([
    ['returns', () => 'token'],
    ['resolves', async () => 'token'],
    ['resolves later', () => new Promise((resolve) => setTimeout(() => resolve('token'), 20))],
    // biome-ignore lint/suspicious/noThenProperty: promises of other libraries look like this
    ['returns a thenable', () => ({ then: (done: (v: string) => void) => done('token') }) as never],
  ])('%s', async (_name, clientToken) => {
    const server = await serve({ token: 'token' });
    expect((await open(server, { authentication: { clientToken } })).listFlags()).toHaveLength(5);
  });

  it('is called again after a 401, and the request succeeds', async () => {
    const server = await serve({ behaviour: admitting('Bearer two') });
    const { source, reasons } = asked('one', 'two', 'three');
    const client = await open(server, { authentication: { clientToken: source } });
    server.setBehaviour(admitting('Bearer three'));
    expect(await client.refresh()).toBe(false);
    expect(reasons()).toEqual(['initial', 'unauthorized', 'unauthorized']);
    expect(sent(server)).toEqual(['Bearer one', 'Bearer two', 'Bearer two', 'Bearer three']);
  });

  it('is called again before its JWT expires', async () => {
    const jwt = (name: string, seconds: number) => {
      const claims = { sub: name, exp: Date.now() / 1_000 + seconds };
      return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
    };
    const reasons: string[] = [];
    const jwtToken = ({ reason }: CredentialRequest) => {
      reasons.push(reason);
      return reasons.length === 1 ? jwt('short', 2) : jwt('long', 3_600);
    };
    const server = await serve();
    const client = await open(server, { authentication: { jwtToken } });
    while (reasons.length < 2) {
      await client.refresh();
    }
    await client.refresh();
    expect(reasons).toEqual(['initial', 'expiring']);
    expect(new Set(sent(server)).size).toBe(2);
  });

  it.each<[string, unknown]>([
    ['throws', new TypeError('with hunter2 in its text')],
    ['throws a text', 'hunter2'],
    ['throws nothing', undefined],
    ['throws an error with a code', Object.assign(new Error('hunter2'), { code: 'ECONNREFUSED' })],
  ])('%s: a named error, with that as its cause', async (_name, cause) => {
    const server = await serve();
    for (const fails of [() => Promise.reject(cause), () => raise(cause)]) {
      const error = await failureOf(
        FliptClient.init(quiet(server, { authentication: [{ clientToken: fails }] })),
      );
      expect(error).toMatchObject({
        name: 'SecurityError',
        code: 'FLIPT_CREDENTIAL_FAILED',
        retryable: true,
      });
      expect((error as Error).cause).toBe(cause);
      expect((error as Error).message).toContain('authentication.clientToken');
      expect(JSON.stringify(error) + String(error) + (error as Error).stack).not.toContain(
        'hunter2',
      );
    }
    expect(server.requests).toHaveLength(0);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', { token: 'hunter2' }],
    ['an empty text', ''],
    ['a text with a line break', 'hunter2\nX-Evil: 1'],
    ['a text that no header can hold', 'hunter2\u{1f511}'],
    ['a text with a lone surrogate', 'hunter2\ud800'],
  ])('answers with %s: a named error', async (_name, answer) => {
    const server = await serve();
    const jwtToken = (() => answer) as never;
    const error = await failureOf(
      FliptClient.init(quiet(server, { authentication: { jwtToken } })),
    );
    expect(error).toMatchObject({ code: 'FLIPT_CREDENTIAL_FAILED' });
    expect((error as Error).message).toContain('authentication.jwtToken');
    expect(JSON.stringify(error) + (error as Error).stack).not.toContain('hunter2');
    expect(server.requests).toHaveLength(0);
  });

  it('one that never settles ends at requestTimeout, its signal aborted', async () => {
    const server = await serve();
    const calls: CredentialRequest[] = [];
    const clientToken = (request: CredentialRequest) => {
      calls.push(request);
      return new Promise<string>(() => {});
    };
    const options = quiet(server, { authentication: { clientToken }, requestTimeout: 0.05 });
    const error = (await failureOf(FliptClient.init(options))) as Error;
    expect(error).toMatchObject({ code: 'FLIPT_CREDENTIAL_FAILED' });
    expect(error.message).toContain('no answer within 50 ms');
    expect(error.cause).toBeUndefined();
    await until(() => calls[0]?.signal.aborted === true);
    expect(calls).toHaveLength(1);
  });

  it('a failure leaves the token that still works in use', async () => {
    const server = await serve({ behaviour: admitting('Bearer one') });
    const sources = [() => 'one', () => raise(new Error('vault sealed'))];
    const clientToken = () => (sources.length > 1 ? sources.shift() : sources[0])?.() as string;
    const client = await open(server, { authentication: { clientToken } });
    server.setBehaviour([{ name: 'status', status: 401 }, admitting('Bearer one')]);
    expect(await failureOf(client.refresh())).toMatchObject({ code: 'FLIPT_CREDENTIAL_FAILED' });
    expect(client.listFlags()).toHaveLength(5);
    expect(await client.refresh()).toBe(false);
  });

  it('close aborts a call under way, at once', async () => {
    const server = await serve();
    const calls: CredentialRequest[] = [];
    let called = () => {};
    const secondCall = new Promise<void>((resolve) => {
      called = resolve;
    });
    const clientToken = (request: CredentialRequest) => {
      if (calls.push(request) === 1) {
        return 'one';
      }
      called();
      return new Promise<string>(() => {});
    };
    const client = await open(server, { authentication: { clientToken } });
    server.setBehaviour(admitting('Bearer two'));
    const refresh = failureOf(client.refresh());
    await secondCall;
    const closing = client.close();
    expect(calls[1]?.signal.aborted).toBe(true);
    await closing;
    expect(await refresh).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
  });

  it('may close the client', async () => {
    const server = await serve({ behaviour: admitting('Bearer one') });
    const { promise: client, resolve } = withResolvers<FliptClient>();
    let calls = 0;
    const clientToken = async () => {
      calls += 1;
      if (calls > 1) {
        await (await client).close();
      }
      return 'one';
    };
    resolve(await open(server, { authentication: { clientToken } }));
    server.setBehaviour(admitting('Bearer two'));
    expect(await failureOf((await client).refresh())).toMatchObject({
      code: 'FLIPT_CLIENT_CLOSED',
    });
  });

  it('is not called by a client with a fetcher', async () => {
    const { calls, source } = asked('one');
    const fetcher = async () => Response.json(shop());
    const options = { fetcher, authentication: { clientToken: source } };
    const client = await FliptClient.init(quiet({ url: 'http://localhost:9' }, options));
    await client.updateAuthentication({ jwtToken: source });
    await client.refresh();
    await client.close();
    expect(calls).toEqual([]);
  });
});

describe('a list of credentials', () => {
  it('is gone through on 401; the one that works is kept', async () => {
    const server = await serve({ behaviour: admitting('Bearer old') });
    const { source, reasons } = asked('fresh', 'fresher');
    const client = await open(server, {
      authentication: [{ clientToken: 'new' }, { jwtToken: source }, { clientToken: 'old' }],
    });
    await client.refresh();
    expect(reasons()).toEqual(['initial', 'unauthorized']);
    expect(sent(server)).toEqual([
      'Bearer new',
      'JWT fresh',
      'JWT fresher',
      'Bearer old',
      'Bearer old',
    ]);
  });

  it('403 and 404 rotate nothing', async () => {
    for (const status of [403, 404]) {
      const server = await serve();
      const client = await open(server, {
        authentication: [{ clientToken: 'a' }, { clientToken: 'b' }],
      });
      server.setBehaviour([{ name: 'status', status }, 'serve']);
      await failureOf(client.refresh());
      await client.refresh();
      expect(sent(server)).toEqual(['Bearer a', 'Bearer a', 'Bearer a']);
    }
  });

  it('refused as a whole: 401 at the regular pace, and never more often', async () => {
    const server = await serve({ behaviour: admitting() });
    let calls = 0;
    const options = quiet(server, {
      authentication: [{ clientToken: 'a' }, { jwtToken: () => `token-${calls++}` }],
      retry: { maxRetries: 3, baseDelayMs: 1 },
      errorStrategy: 'fallback',
    });
    const client = await FliptClient.init(options);
    expect(server.requests).toHaveLength(3);
    for (let round = 1; round <= 4; round++) {
      expect(await client.refresh()).toBe(false);
      expect(calls).toBe(2 + round);
      expect(server.requests).toHaveLength(3 + 2 * round);
    }
    server.setBehaviour(admitting('Bearer a'));
    expect(await client.refresh()).toBe(true);
    await client.close();
  });
});

describe('Kubernetes', () => {
  function tokenFile(text: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'flipt-native-pod-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'token');
    writeFileSync(path, text);
    return path;
  }

  it('the token is read from its file, and again when that changes', async () => {
    const tokenPath = tokenFile('first\n');
    const server = await serve();
    const client = await open(server, { authentication: { kubernetes: { tokenPath } } });
    writeFileSync(tokenPath, 'the-second\n');
    while (!sent(server).includes('JWT the-second')) {
      await client.refresh();
    }
    expect(new Set(sent(server))).toEqual(new Set(['JWT first', 'JWT the-second']));
  });

  it('a server that wants an exchange gets one', async () => {
    const tokenPath = tokenFile('pod');
    const bodies: unknown[] = [];
    const exchanging = async (exchange: Exchange) => {
      expect(exchange.request.url).toBe('/auth/v1/method/kubernetes/serviceaccount');
      bodies.push(JSON.parse(await textOf(exchange)));
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      const body = { clientToken: 'given', authentication: { expiresAt } };
      return { name: 'answer', headers: { 'content-type': 'application/json' }, body };
    };
    const server = await serve({ behaviour: admitting('Bearer given') });
    server.setExchangeBehaviour(exchanging);
    const client = await open(server, { authentication: { kubernetes: { tokenPath } } });
    await client.refresh();
    expect(bodies).toEqual([{ service_account_token: 'pod' }]);
    expect(sent(server)).toEqual(['JWT pod', 'none', 'Bearer given', 'Bearer given']);
  });

  it('a file that is missing is a named error', async () => {
    const server = await serve();
    const error = await failureOf(
      FliptClient.init(
        quiet(server, { authentication: { kubernetes: { tokenPath: '/nowhere/hunter2' } } }),
      ),
    );
    expect(error).toMatchObject({ code: 'FLIPT_CREDENTIAL_FAILED' });
    expect((error as Error).message).toContain('authentication.kubernetes');
    expect((error as Error).message).not.toContain('hunter2');
  });
});

describe('updateAuthentication', () => {
  it('takes effect with the next request; functions are called then', async () => {
    const server = await serve({ behaviour: admitting('Bearer one') });
    const client = await open(server, { authentication: { clientToken: 'one' } });
    const { source, reasons } = asked('two');
    server.setBehaviour(admitting('JWT two'));
    expect(await client.updateAuthentication({ jwtToken: source })).toBeUndefined();
    expect(reasons()).toEqual([]);
    await client.refresh();
    expect(reasons()).toEqual(['initial']);
    expect(sent(server)).toEqual(['Bearer one', 'JWT two']);
  });

  it('the old credential is the fallback until the new one works, for its grace period', async () => {
    for (const credentialGracePeriodMs of [300_000, 0]) {
      const server = await serve({ behaviour: admitting('Bearer old') });
      const client = await open(server, {
        authentication: { clientToken: 'old' },
        credentialGracePeriodMs,
      });
      await client.updateAuthentication([{ clientToken: 'new' }]);
      const refreshed = client.refresh();
      if (credentialGracePeriodMs === 0) {
        expect(await failureOf(refreshed)).toMatchObject({ details: { status: 401 } });
        expect(sent(server, 1)).toEqual(['Bearer new']);
      } else {
        expect(await refreshed).toBe(false);
        expect(sent(server, 1)).toEqual(['Bearer new', 'Bearer old']);
        server.setBehaviour(admitting('Bearer new'));
        await client.refresh();
        expect(sent(server, 3)).toEqual(['Bearer new']);
      }
    }
  });

  it('what was being obtained is given up', async () => {
    const server = await serve();
    const calls: CredentialRequest[] = [];
    const { promise: called, resolve } = withResolvers<void>();
    const clientToken = (request: CredentialRequest) => {
      calls.push(request);
      resolve();
      return new Promise<string>(() => {});
    };
    const options = { authentication: { clientToken: 'old' }, credentialGracePeriodMs: 0 };
    const client = await open(server, options);
    await client.updateAuthentication({ clientToken });
    const refreshed = client.refresh();
    await called;
    await client.updateAuthentication({ clientToken: 'new' });
    expect(await refreshed).toBe(false);
    await until(() => calls[0]?.signal.aborted === true);
    expect(sent(server)).toEqual(['Bearer old', 'Bearer new']);
  });

  it.each<[unknown, string]>([
    [undefined, 'authentication'],
    [null, 'authentication'],
    [() => 'token', 'authentication'],
    [[], 'authentication'],
    [{ clientToken: '' }, 'authentication.clientToken'],
    [[{ clientToken: 'a' }, { jwtToken: 'b\n' }], 'authentication[1].jwtToken'],
    [[{ clientToken: () => 'a' }, { clientToken: 7 }], 'authentication[1].clientToken'],
  ])('%j cannot be used: nothing changes', async (authentication, field) => {
    const server = await serve();
    const client = await open(server, { authentication: { clientToken: 'old' } });
    const error = await failureOf(client.updateAuthentication(authentication as never));
    expect(error).toMatchObject({ name: 'ValidationError', code: 'FLIPT_OPTION_INVALID' });
    expect(fieldsOf(error)).toEqual([field]);
    await client.refresh();
    expect(sent(server)).toEqual(['Bearer old', 'Bearer old']);
  });

  it('after close: FLIPT_CLIENT_CLOSED', async () => {
    const client = await open(await serve());
    await client.close();
    expect(await failureOf(client.updateAuthentication({ clientToken: 'new' }))).toMatchObject({
      code: 'FLIPT_CLIENT_CLOSED',
    });
  });

  it('functions that were replaced are released', async () => {
    const server = await serve();
    const finished = await runScript(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0, credentialGracePeriodMs: 0 });
         let collected = 0;
         const registry = new FinalizationRegistry(() => { collected += 1; });
         const replace = async () => {
           const clientToken = () => 'token';
           registry.register(clientToken);
           await client.updateAuthentication({ clientToken });
           await client.refresh();
         };
         for (let i = 0; i < 20; i++) await replace();
         await client.updateAuthentication({ clientToken: 'fixed' });
         for (let i = 0; i < 1000 && collected < 20; i++) {
           gc();
           await new Promise((resolve) => setTimeout(resolve, 10));
         }
         done(collected);
       })();`,
      server.url,
      { flags: ['--expose-gc'] },
    );
    expect(answerOf(finished)).toBe(20);
  });
});

describe('shapes that are no authentication', () => {
  it.each<[unknown, string[]]>([
    ['token', ['authentication']],
    [() => 'token', ['authentication']],
    [[], ['authentication']],
    [{}, ['authentication']],
    [{ clientToken: 'a', jwtToken: 'b' }, ['authentication']],
    [{ clientToken: () => 'a', kubernetes: {} }, ['authentication']],
    [{ clientToken: Symbol('a') }, ['authentication.clientToken']],
    [{ clientToken: { $source: 0 } }, ['authentication.clientToken']],
    [{ token: 'a' }, ['authentication.token']],
    [{ kubernetes: true }, ['authentication.kubernetes']],
    [{ kubernetes: { tokenPath: 7 } }, ['authentication.kubernetes.tokenPath']],
    [{ kubernetes: { tokenPath: () => 'a' } }, ['authentication.kubernetes.tokenPath']],
    [
      ['a', { clientToken: 'b' }, null],
      ['authentication[0]', 'authentication[2]'],
    ],
    [[{ clientToken: 'a' }, { jwtToken: 'b c' }], ['authentication[1].jwtToken']],
  ])('%j', async (authentication, fields) => {
    const error = await failureOf(FliptClient.init({ authentication } as never));
    expect(error).toMatchObject({ code: 'FLIPT_OPTION_INVALID' });
    expect(fieldsOf(error)).toEqual(fields);
  });

  it('are listed with the bad options of JavaScript; functions among them are welcome', async () => {
    const options = { authentication: [{ clientToken: () => 'a' }], hook: 7, updateInterval: -1 };
    expect(fieldsOf(await failureOf(FliptClient.init(options as never))).sort()).toEqual([
      'hook',
      'updateInterval',
    ]);
  });
});

describe('the process', () => {
  it('stays while init waits for a credential, and not while a poll does', async () => {
    const server = await serve();
    const finished = await runScript(
      `let calls = 0;
       const jwtToken = async () => {
         calls += 1;
         await new Promise((resolve) => setTimeout(resolve, 100));
         return calls === 1 ? 'e30.' + Buffer.from(JSON.stringify({ exp: Date.now() / 1000 + 0.5 })).toString('base64url') + '.sig' : await new Promise(() => {});
       };
       sdk.FliptClient.init({ url, updateInterval: 0.05, authentication: { jwtToken } }).then(async (client) => {
         globalThis.client = client;
         while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 20));
         done(client.listFlags().length);
       });`,
      server.url,
    );
    expect(answerOf(finished)).toBe(5);
  });

  it('a client with a credential function that nobody holds is collected', async () => {
    const server = await serve();
    const finished = await runScript(
      `(async () => {
         let collected = false;
         const registry = new FinalizationRegistry(() => { collected = true; });
         await (async () => {
           const holder = {};
           holder.client = await sdk.FliptClient.init({ url, updateInterval: 0.05, authentication: { clientToken: () => holder && 'token' } });
           registry.register(holder.client);
         })();
         for (let i = 0; i < 1000 && !collected; i++) {
           gc();
           await new Promise((resolve) => setTimeout(resolve, 10));
         }
         done(collected);
       })();`,
      server.url,
      { flags: ['--expose-gc'] },
    );
    expect(answerOf(finished)).toBe(true);
  });

  it('is not disturbed by a function that fails behind', async () => {
    const server = await serve({ behaviour: admitting('Bearer one') });
    const finished = await runScript(
      `let calls = 0;
       const clientToken = () => calls++ === 0 ? 'one' : Promise.reject(new Error('no'));
       const options = { url, updateInterval: 0.02, retry: { maxRetries: 0 }, authentication: { clientToken } };
       sdk.FliptClient.init(options).then(async (client) => {
         await client.updateAuthentication({ clientToken });
         while (calls < 3) await new Promise((resolve) => setTimeout(resolve, 10));
         done(client.listFlags().length);
       });`,
      server.url,
      { flags: ['--unhandled-rejections=strict'] },
    );
    expect(answerOf(finished)).toBe(5);
  });
});

describe('logger', () => {
  it('hears which credential failed, and nothing of what it said', async () => {
    const logger = new Log();
    const server = await serve();
    const authentication = { clientToken: () => Promise.reject(new RangeError('hunter2')) };
    await open(server, { authentication, logger, errorStrategy: 'fallback' } as ClientOptions);
    const warning = await logger.waitFor('warn', /authentication\.clientToken: RangeError/);
    expect(warning).not.toContain('hunter2');
  });
});

const fieldsOf = (error: unknown) =>
  (error as { details: { problems: ValidationProblem[] } }).details.problems.map(
    ({ field }) => field,
  );

function raise(cause: unknown): never {
  throw cause;
}

/** `Promise.withResolvers`, which the oldest supported Node lacks. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Waits for what happens on a later turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise(setImmediate);
  }
}

async function textOf({ request }: Exchange): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
  }
  return text;
}
