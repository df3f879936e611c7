import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { hooks } from './support/counted.ts';
import { body, shop } from './support/flags.ts';
import { connected, failureOf, open, portable, quiet, serve } from './support/harness.ts';
import { startProxy } from './support/proxy.mjs';
import { Recorder } from './support/recorder.ts';
import {
  type ClientOptions,
  EvaluationError,
  FliptClient,
  FliptError,
  InitializationError,
  internals,
  NetworkError,
  SecurityError,
  ValidationError,
} from './support/sdk.ts';
import type { Behaviour } from './support/server.mjs';

const { errorClasses } = internals;
const { loadNative } = internals;

type Code = keyof typeof errorClasses;

const request = { flagKey: 'banner', entityId: 'ann' };

/** What `init` rejects with on a server that behaves so. */
async function initFailure(behaviour: Behaviour, options: ClientOptions = {}): Promise<unknown> {
  const server = await serve({ behaviour });
  return failureOf(FliptClient.init(quiet(server, options)));
}

/** What a call of a client of the shop throws. */
async function callFailure(call: (client: FliptClient) => unknown): Promise<unknown> {
  const { client } = await connected();
  return failureOf(() => call(client));
}

/** What a script in another process fails with. */
async function scriptFailure(source: string, binary: string): Promise<unknown> {
  const server = await serve();
  const finished = await runScript(source, server.url, { env: { FLIPT_NATIVE_BINARY: binary } });
  return answerOf(finished);
}

const status = (code: number): Behaviour => ({ name: 'status', status: code });

/** One way to meet each error. */
const ways: Record<Code, () => Promise<unknown>> = {
  FLIPT_ARGUMENT_INVALID: () =>
    callFailure((client) => client.evaluateBoolean({ ...request, flagKey: '' })),
  FLIPT_CALL_ABORTED: () =>
    callFailure((client) => client.refresh({ signal: AbortSignal.abort() })),
  FLIPT_CLIENT_CLOSED: () =>
    callFailure(async (client) => {
      await client.close();
      client.listFlags();
    }),
  FLIPT_CLIENT_NOT_READY: async () => {
    const server = await serve({ behaviour: status(403) });
    const client = await FliptClient.init(quiet(server, { errorStrategy: 'fallback' }));
    const error = await failureOf(() => client.listFlags());
    await client.close();
    return error;
  },
  FLIPT_CONNECTION_FAILED: () => initFailure('reset'),
  FLIPT_CONTEXT_INVALID: () =>
    callFailure((client) => client.evaluateBoolean({ ...request, context: { plan: {} as never } })),
  FLIPT_CREDENTIAL_FAILED: () =>
    initFailure('serve', {
      authentication: { clientToken: () => Promise.reject(new Error('no')) },
    }),
  FLIPT_DNS_FAILED: () => failureOf(FliptClient.init(quiet({ url: 'http://flipt.invalid' }))),
  FLIPT_FETCHER_FAILED: () =>
    initFailure('serve', { fetcher: () => Promise.reject(new Error('no')) }),
  FLIPT_FLAG_INVALID: async () => {
    const server = await serve({
      snapshot: body([{ key: 'banner', type: 'BOOLEAN_FLAG_TYPE', rollouts: 7 }]),
    });
    const client = await FliptClient.init(quiet(server));
    const error = await failureOf(() => client.evaluateBoolean(request));
    await client.close();
    return error;
  },
  FLIPT_FLAG_NOT_FOUND: () =>
    callFailure((client) => client.evaluateBoolean({ ...request, flagKey: 'nope' })),
  FLIPT_FLAG_TYPE_MISMATCH: () => callFailure((client) => client.evaluateVariant(request)),
  FLIPT_INIT_ABORTED: () => initFailure('neverAnswers', { signal: AbortSignal.timeout(20) }),
  FLIPT_INIT_TIMEOUT: () => initFailure('neverAnswers', { initTimeoutMs: 20 }),
  FLIPT_INTERNAL_PANIC: () =>
    scriptFailure(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0 });
         require(process.env.FLIPT_NATIVE_BINARY).armPanic('listFlags');
         try { client.listFlags(); } catch (error) { done({ ...error.toJSON(), usable: client.listFlags().length }); }
       })();`,
      hooks,
    ),
  FLIPT_NAMESPACE_NOT_FOUND: () => initFailure('serve', { namespace: 'nope' }),
  FLIPT_NATIVE_LOAD: () =>
    scriptFailure(
      `sdk.FliptClient.init({ url }).catch((error) => done(error));`,
      '/nowhere/flipt.node',
    ),
  FLIPT_OPTION_INVALID: () => initFailure('serve', { updateInterval: -1 }),
  FLIPT_PROXY_FAILED: async () => {
    const proxy = await startProxy({ username: 'ann', password: 'word' });
    onTestFinished(() => proxy.close());
    return initFailure('serve', { proxy: `http://127.0.0.1:${proxy.port}` });
  },
  FLIPT_REDIRECT_REFUSED: () =>
    initFailure({ name: 'redirect', location: 'http://elsewhere.invalid/' }),
  FLIPT_REQUEST_TIMEOUT: () => initFailure('neverAnswers', { requestTimeout: 0.02 }),
  FLIPT_RESPONSE_INVALID: () => initFailure('notJson'),
  FLIPT_RESPONSE_TOO_LARGE: () => initFailure('serve', { maxSnapshotBytes: 100 }),
  FLIPT_RESPONSE_UNEXPECTED: () => initFailure(status(418)),
  FLIPT_SERVER_FAILED: () => initFailure(status(500)),
  FLIPT_SERVER_FORBIDDEN: () => initFailure(status(403)),
  FLIPT_SERVER_RATE_LIMITED: () => initFailure(status(429)),
  FLIPT_SERVER_UNAUTHENTICATED: () => initFailure(status(401)),
  FLIPT_SNAPSHOT_INVALID: () => initFailure('serve', { snapshot: '***' }),
  FLIPT_SNAPSHOT_MISMATCH: async () =>
    initFailure('serve', { snapshot: await portable(shop(1, 'other'), 'other') }),
  FLIPT_SNAPSHOT_UNSUPPORTED: () =>
    initFailure('serve', { snapshot: btoa('{"version":2,"namespace":{"key":"default"}}') }),
  FLIPT_SOURCE_INVALID: () =>
    failureOf(FliptClient.init({ source: { path: '/nowhere/features.yaml' } })),
  FLIPT_STREAM_FAILED: async () => {
    const server = await serve({ streamBehaviour: 'errorLine' });
    const client = await open(server, { fetchMode: 'streaming' });
    const [error] = await new Recorder(client, ['error']).waitFor('error');
    return error;
  },
  FLIPT_TLS_FAILED: async () => {
    const server = await serve();
    const url = server.url.replace('http:', 'https:');
    return failureOf(FliptClient.init(quiet({ url })));
  },
};

describe('error codes', () => {
  it('the union in TypeScript is the table of the addon, with the same classes', () => {
    const here = Object.entries(errorClasses).map(([code, errorClass]) => [code, errorClass.name]);
    expect(here.sort()).toEqual([...loadNative().codes()].sort());
  });

  it.each(Object.keys(ways) as Code[])('%s is raised as its class', async (code) => {
    const error = await ways[code]();
    expect(error).toMatchObject({ code, name: errorClasses[code].name });
    const { message } = error as Error;
    expect(message).not.toBe('');
    expect(message).not.toMatch(/https?:\/\/[^/]*@|\?/);
    if (!(code === 'FLIPT_INTERNAL_PANIC' || code === 'FLIPT_NATIVE_LOAD')) {
      expect(error).toBeInstanceOf(errorClasses[code]);
      expect(FliptError.is(error)).toBe(true);
    }
  });

  it('a panic inside is an error of that call; the client stays usable', async () => {
    expect(await ways.FLIPT_INTERNAL_PANIC()).toMatchObject({ usable: 5 });
  });
});

describe('FliptError', () => {
  it('is an Error with a fixed set of subclasses', async () => {
    const error = await ways.FLIPT_SERVER_FAILED();
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(FliptError);
    expect(error).toBeInstanceOf(NetworkError);
    for (const other of [ValidationError, EvaluationError, InitializationError, SecurityError]) {
      expect(error).not.toBeInstanceOf(other);
    }
  });

  it('says whether the same call may succeed if made again, and the status', async () => {
    expect(await initFailure(status(503))).toMatchObject({
      retryable: true,
      details: { status: 503 },
    });
    expect(await initFailure(status(401))).toMatchObject({
      retryable: false,
      details: { status: 401 },
    });
  });

  it('toJSON is for logs', async () => {
    const error = (await ways.FLIPT_FETCHER_FAILED()) as FliptError;
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'NetworkError',
      code: 'FLIPT_FETCHER_FAILED',
      message: error.message,
      retryable: true,
      details: {},
      cause: 'no',
    });
  });

  it('FliptError.is knows errors of another copy, and nothing else', async () => {
    const finished = await runScript(
      `(async () => {
         const entry = require.resolve('./dist/index.js', { paths: [process.cwd()] });
         for (const name of Object.keys(require.cache)) delete require.cache[name];
         const other = require(entry);
         const error = await other.FliptClient.init({ colour: 'red' }).catch((e) => e);
         done([
           other.FliptError === sdk.FliptError,
           error instanceof sdk.FliptError,
           sdk.FliptError.is(error),
           sdk.FliptError.is(new Error('x')),
           sdk.FliptError.is(null),
         ]);
       })();`,
    );
    expect(answerOf(finished)).toEqual([false, false, true, false, false]);
  });
});

describe('an addon that cannot be loaded', () => {
  it('every place tried is listed with its cause', async () => {
    const error = (await ways.FLIPT_NATIVE_LOAD()) as FliptError;
    expect(error.message).toContain('/nowhere/flipt.node');
    expect(error.message).toMatch(/cannot|no such|Cannot find/i);
  });

  it('importing the package does not load it', async () => {
    const finished = await runScript(`done(typeof sdk.FliptClient.init);`, '', {
      env: { FLIPT_NATIVE_BINARY: '/nowhere/flipt.node' },
    });
    expect(answerOf(finished)).toBe('function');
  });
});
