import { describe, expect, it } from 'vitest';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, portable, quiet, serve } from './support/harness.ts';
import { ClientOptionsFactory, FliptClient, type ValidationProblem } from './support/sdk.ts';

async function problemsOf(options: unknown): Promise<readonly ValidationProblem[]> {
  const error = await failureOf(FliptClient.init(options as never));
  expect(error).toMatchObject({
    name: 'ValidationError',
    code: 'FLIPT_OPTION_INVALID',
    retryable: false,
  });
  return (error as { details: { problems: ValidationProblem[] } }).details.problems;
}

const fieldsOf = async (options: unknown) =>
  (await problemsOf(options)).map(({ field }) => field).sort();

describe('unknown or invalid options', () => {
  it('one error lists every bad field, whichever side knows it', async () => {
    const options = {
      nampespace: 'x',
      updateInterval: -1,
      errorStrategy: 'maybe',
      retry: { maxRetries: 'many', maxTries: 3 },
      authentication: { clientToken: 'a', jwtToken: 'b' },
      fetcher: 'fetch',
      hook: { before() {} },
      logger: { debug() {} },
      signal: {},
    };
    const error = (await failureOf(FliptClient.init(options as never))) as Error;
    const problems = await problemsOf(options);
    const fields = problems.map(({ field }) => field);
    for (const field of [
      'nampespace',
      'updateInterval',
      'errorStrategy',
      'retry.maxRetries',
      'retry.maxTries',
      'fetcher',
      'hook',
      'logger',
      'signal',
    ]) {
      expect(fields).toContain(field);
      expect(error.message).toContain(field);
    }
    expect(fields.some((field) => field.startsWith('authentication'))).toBe(true);
    expect(problems.find(({ field }) => field === 'nampespace')?.suggestion).toBe('namespace');
    expect(error.message).toContain('did you mean namespace?');
  });

  it('nothing is sent when an option is bad', async () => {
    const server = await serve();
    for (const bad of [{ hook: 7 }, { colour: 'red' }, { hook: 7, colour: 'red' }]) {
      await problemsOf({ url: server.url, ...bad });
    }
    const client = await open(server);
    expect(server.requests).toHaveLength(1);
    await client.close();
  });

  it.each([
    ['fetcher', 'fetch'],
    ['fetcher', {}],
    ['hook', () => {}],
    ['hook', { before() {}, after: 1 }],
    ['logger', { debug() {}, info() {}, warn() {} }],
    ['logger', true],
    ['onReady', true],
    ['onUpdate', {}],
    ['onError', 'log'],
    ['signal', new AbortController()],
    ['signal', 'abort'],
  ])('%s that does not fit', async (field, value) => {
    expect(await fieldsOf({ [field]: value })).toEqual([field]);
  });

  it.each([
    ['url', 'ftp://localhost'],
    ['url', 'http://user:password@localhost'],
    ['url', 'http://local host'],
    ['url', 'localhost:8080'],
    ['url', ''],
    ['url', 7],
    ['url', new URL('http://localhost')],
    ['namespace', 7],
    ['environment', ['a']],
    ['reference', {}],
    ['updateInterval', '120'],
    ['updateInterval', Number.NaN],
    ['updateInterval', Number.POSITIVE_INFINITY],
    ['updateInterval', 0.001],
    ['updateInterval', 86_401],
    ['updateInterval', 10n],
    ['requestTimeout', 0],
    ['connectTimeoutMs', 0],
    ['initTimeoutMs', -1],
    ['initTimeoutMs', new Date(0)],
    ['retry', 3],
    ['retry', new Map()],
    ['maxSnapshotBytes', 0],
    ['maxSnapshotBytes', 1.5],
    ['serverCompatibility', 'v3'],
    ['errorStrategy', 'Fallback'],
    ['errorStrategy', Symbol('fail')],
    ['snapshot', new Uint8Array(3)],
    ['authentication', 'token'],
  ])('%s: %s', async (field, value) => {
    expect(await fieldsOf({ [field]: value })).toEqual([field]);
  });

  it.each(['a\nb', 'a\r\nX-Injected: 1', 'a\0b'])('a token with a line break', async (token) => {
    for (const name of ['clientToken', 'jwtToken']) {
      const [problem, ...others] = await problemsOf({ authentication: { [name]: token } });
      expect(others).toEqual([]);
      expect(problem?.field).toBe(`authentication.${name}`);
    }
  });

  it('never repeats a secret', async () => {
    const secret = 'hunter2';
    const error = await failureOf(
      FliptClient.init({
        url: `http://admin:${secret}@localhost/?key=${secret}`,
        authentication: { clientToken: `${secret}\n` },
        namespace: { secret },
      } as never),
    );
    expect(JSON.stringify(error) + String(error) + (error as Error).stack).not.toContain(secret);
  });

  it('describes what JSON cannot express by its kind', async () => {
    const problems = await problemsOf({
      updateInterval: Number.NaN,
      initTimeoutMs: new Date(0),
      namespace: () => 'x',
      url: 'http://\ud800',
      get requestTimeout() {
        throw new Error('not today');
      },
    });
    const received = Object.fromEntries(
      problems.map((problem) => [problem.field, problem.received]),
    );
    expect(received).toEqual({
      updateInterval: 'NaN',
      initTimeoutMs: 'a Date',
      namespace: 'function',
      url: 'text with a lone surrogate',
      requestTimeout: 'a value that cannot be read',
    });
  });

  it.each([['a text'], [7], [[]], [() => {}]])('options that are %j', async (options) => {
    expect(await fieldsOf(options)).toEqual(['options']);
  });

  it('an option named __proto__ is an unknown one', async () => {
    expect(await fieldsOf(JSON.parse('{"__proto__": {"url": "http://localhost"}}'))).toEqual([
      '__proto__',
    ]);
  });

  it('options that refer to themselves or refuse to be read', async () => {
    const loop: Record<string, unknown> = {};
    loop['retry'] = loop;
    expect((await fieldsOf(loop)).every((field) => field.startsWith('retry'))).toBe(true);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(await fieldsOf(proxy)).toEqual(['options']);
    expect(await fieldsOf({ retry: proxy })).toEqual(['retry']);
  });
});

describe('a snapshot that cannot be used', () => {
  it.each([
    ['text that is not base64', () => '*** not base64 ***', 'FLIPT_SNAPSHOT_INVALID'],
    ['text that ends its own string', () => '","namespace":"other', 'FLIPT_SNAPSHOT_INVALID'],
    ['base64 that is not JSON', () => btoa('oops'), 'FLIPT_SNAPSHOT_INVALID'],
    [
      'another version',
      () => btoa('{"version":2,"namespace":{"key":"default"}}'),
      'FLIPT_SNAPSHOT_UNSUPPORTED',
    ],
    ['another namespace', () => portable(shop(1, 'other'), 'other'), 'FLIPT_SNAPSHOT_MISMATCH'],
  ])('%s', async (_name, make, code) => {
    const server = await serve();
    for (const errorStrategy of ['fail', 'fallback'] as const) {
      const options = quiet(server, { snapshot: await make(), errorStrategy });
      expect(await failureOf(FliptClient.init(options))).toMatchObject({
        name: 'ValidationError',
        code,
      });
    }
    expect(server.requests).toHaveLength(0);
  });
});

describe('options that are welcome', () => {
  it('undefined and null mean left out', async () => {
    const server = await serve();
    for (const value of [undefined, null]) {
      const names = [
        'environment',
        'namespace',
        'authentication',
        'reference',
        'snapshot',
        'fetcher',
        'errorStrategy',
        'hook',
        'requestTimeout',
        'logger',
        'onReady',
        'onUpdate',
        'onError',
        'signal',
      ];
      const client = await open(
        server,
        Object.fromEntries(names.map((name) => [name, value])) as never,
      );
      expect(client.listFlags()).toHaveLength(5);
    }
  });

  it('ClientOptionsFactory.default() is a fresh set that changes nothing', async () => {
    expect(ClientOptionsFactory.default()).toEqual({
      environment: 'default',
      namespace: 'default',
      url: 'http://localhost:8080',
      reference: '',
      updateInterval: 120,
      errorStrategy: 'fail',
    });
    expect(ClientOptionsFactory.default()).not.toBe(ClientOptionsFactory.default());
    const server = await serve();
    await open(server);
    await open(server, { ...ClientOptionsFactory.default(), url: server.url });
    const [bare, spelled] = server.requests;
    expect(spelled?.path).toBe(bare?.path);
    expect(spelled?.headers).toEqual(bare?.headers);
  });

  it('an instance of a class as authentication', async () => {
    class Token {
      constructor(readonly clientToken: string) {}
    }
    const server = await serve({ token: 'abc' });
    const client = await open(server, { authentication: new Token('abc') });
    expect(client.listFlags()).toHaveLength(5);
  });

  it('options are read once; what happens to them later has no effect', async () => {
    const server = await serve({ token: 'abc' });
    let reads = 0;
    const authentication = { clientToken: 'abc' };
    const options = quiet(server, { authentication });
    Object.defineProperty(options, 'logger', {
      enumerable: true,
      get() {
        reads += 1;
        return new Log();
      },
    });
    const client = await open(server, options);
    authentication.clientToken = 'changed';
    expect(await client.refresh()).toBe(false);
    expect(reads).toBe(1);
  });
});

describe('logger', () => {
  it('hears a first failure as a warning, repeats as debug, the recovery as info', async () => {
    const logger = new Log();
    const server = await serve();
    const client = await open(server, { logger });
    logger.entries.length = 0;
    server.setBehaviour({ name: 'status', status: 503 });
    await failureOf(client.refresh());
    await failureOf(client.refresh());
    server.setBehaviour('serve');
    await client.refresh();
    await logger.waitFor('info');
    expect(logger.at('warn')).toHaveLength(1);
    expect(logger.at('debug').filter((text) => text.includes('503'))).not.toHaveLength(0);
    expect(logger.at('info')).toHaveLength(1);
  });

  it('one that throws or rejects disturbs nothing', async () => {
    const server = await serve({ behaviour: { name: 'status', status: 503 } });
    const fails = () => {
      throw new Error('disk full');
    };
    const rejects = async () => fails();
    for (const logger of [
      { debug: fails, info: fails, warn: fails, error: fails },
      { debug: rejects, info: rejects, warn: rejects, error: rejects },
    ]) {
      const client = await open(server, { logger, errorStrategy: 'fallback' });
      expect(await client.refresh()).toBe(false);
    }
  });

  it('never hears a credential', async () => {
    const logger = new Log();
    const server = await serve({ behaviour: { name: 'status', status: 401 } });
    const authentication = { clientToken: 'hunter2' };
    await open(server, { logger, authentication, errorStrategy: 'fallback' });
    await logger.waitFor('warn');
    expect(JSON.stringify(logger.entries)).not.toContain('hunter2');
  });
});
