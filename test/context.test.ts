import { describe, expect, it } from 'vitest';
import { body, boolean, onWhere, shop } from './support/flags.ts';
import { failureOf, Log, open, serve } from './support/harness.ts';
import type { FliptClient } from './support/sdk.ts';

async function clientOf(flags: object[], logger?: Log): Promise<FliptClient> {
  const server = await serve({ snapshot: body(flags) });
  return open(server, logger === undefined ? {} : { logger });
}

const on = (client: FliptClient, flagKey: string, context: object, entityId = 'ann') =>
  client.evaluateBoolean({ flagKey, entityId, context: context as never }).enabled;

describe('values of the context', () => {
  it.each([
    [1, '1'],
    [1.5, '1.5'],
    [-0, '0'],
    [1e21, '1e+21'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [true, 'true'],
    [false, 'false'],
    [12345678901234567890n, '12345678901234567890'],
    ['text', 'text'],
  ])('%s is compared as the text %j', async (value, text) => {
    const client = await clientOf([onWhere('flag', 'value', 'eq', text)]);
    expect(on(client, 'flag', { value })).toBe(true);
    expect(on(client, 'flag', { value: `${text}!` })).toBe(false);
  });

  it.each([[null], [undefined]])('%s is absent', async (value) => {
    const client = await clientOf([
      onWhere('flag', 'value', 'notpresent', '', 'NUMBER'),
      onWhere('other', 'value', 'eq', String(value)),
    ]);
    expect(on(client, 'flag', { value })).toBe(true);
    expect(on(client, 'other', { value })).toBe(false);
  });

  it('the context itself may be left out', async () => {
    const client = await clientOf([onWhere('flag', 'value', 'notpresent', '', 'NUMBER')]);
    for (const request of [{}, { context: undefined }, { context: {} }]) {
      expect(client.evaluateBoolean({ flagKey: 'flag', entityId: 'ann', ...request }).enabled).toBe(
        true,
      );
    }
  });

  it.each([
    ['an object', {}],
    ['an array', ['premium']],
    ['a date', new Date(0)],
    ['a function', () => 'premium'],
    ['a symbol', Symbol('premium')],
    ['a boxed text', new String('premium')],
  ])('%s is refused by the name of its key', async (_name, plan) => {
    const client = await clientOf([onWhere('flag', 'plan', 'eq', 'premium')]);
    const error = await failureOf(() => on(client, 'flag', { plan }));
    expect(error).toMatchObject({
      name: 'ValidationError',
      code: 'FLIPT_CONTEXT_INVALID',
      message: expect.stringContaining('context.plan'),
    });
    expect(on(client, 'flag', { plan: 'premium' })).toBe(true);
  });

  it('a value that the flag does not read is refused as well', async () => {
    const client = await clientOf([boolean('flag')]);
    expect(await failureOf(() => on(client, 'flag', { unread: {} }))).toMatchObject({
      code: 'FLIPT_CONTEXT_INVALID',
      message: expect.stringContaining('context.unread'),
    });
  });

  it.each([['a text'], [7], [true], [['premium']]])(
    'a context that is %j is refused',
    async (context) => {
      const client = await clientOf([boolean('flag')]);
      expect(await failureOf(() => on(client, 'flag', context as never))).toMatchObject({
        name: 'ValidationError',
        code: 'FLIPT_CONTEXT_INVALID',
      });
    },
  );

  it('a getter that throws is a named error with the cause, and the client stays usable', async () => {
    const client = await clientOf([onWhere('flag', 'plan', 'eq', 'premium')]);
    const cause = new Error('not today');
    const context = {
      get plan() {
        throw cause;
      },
    };
    expect(await failureOf(() => on(client, 'flag', context))).toMatchObject({
      name: 'ValidationError',
      code: 'FLIPT_CONTEXT_INVALID',
      message: expect.stringContaining('context.plan'),
      cause,
    });
    expect(on(client, 'flag', { plan: 'premium' })).toBe(true);
  });
});

describe('unusual contexts that are tolerated', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'the key %s is an ordinary one',
    async (key) => {
      const client = await clientOf([
        onWhere('set', key, 'eq', 'yes'),
        onWhere('unset', key, 'notempty'),
      ]);
      const context = JSON.parse(`{${JSON.stringify(key)}: "yes"}`);
      expect(on(client, 'set', context)).toBe(true);
      expect(on(client, 'unset', {})).toBe(false);
    },
  );

  it('inherited properties are not read', async () => {
    const client = await clientOf([onWhere('flag', 'plan', 'eq', 'premium')]);
    expect(on(client, 'flag', Object.create({ plan: 'premium' }))).toBe(false);
    const bare = Object.assign(Object.create(null), { plan: 'premium' });
    expect(on(client, 'flag', bare)).toBe(true);
  });

  it('a getter may call back into the client', async () => {
    const client = await clientOf([onWhere('flag', 'plan', 'eq', 'premium'), boolean('inner')]);
    const inner: boolean[] = [];
    const context = {
      get plan() {
        inner.push(on(client, 'inner', {}), on(client, 'flag', { plan: 'basic' }));
        return 'premium';
      },
    };
    expect(on(client, 'flag', context)).toBe(true);
    expect(inner).toEqual([true, false]);
  });

  it('a getter may close the client', async () => {
    const client = await clientOf([onWhere('flag', 'plan', 'eq', 'premium')]);
    const context = {
      get plan() {
        void client.close();
        return 'premium';
      },
    };
    expect(await failureOf(() => on(client, 'flag', context))).toMatchObject({
      code: 'FLIPT_CLIENT_CLOSED',
    });
  });

  it('a lone surrogate counts as U+FFFD', async () => {
    const client = await clientOf([onWhere('flag', 'value', 'eq', 'a\ufffdb')]);
    expect(on(client, 'flag', { value: 'a\ud800b' })).toBe(true);
    expect(on(client, 'flag', { value: 'a\udfffb' })).toBe(true);
    expect(on(client, 'flag', { value: 'ab' })).toBe(false);
  });

  it('a text of 1 MB, as a value and as an entity id', async () => {
    const long = 'ü'.repeat(524_288);
    const client = await clientOf([onWhere('flag', 'value', 'suffix', '!')]);
    expect(on(client, 'flag', { value: `${long}!` }, long)).toBe(true);
    expect(on(client, 'flag', { value: long }, long)).toBe(false);
    expect(on(client, 'flag', { value: '!' })).toBe(true);
  });

  it('10,000 keys', async () => {
    const client = await clientOf([onWhere('flag', 'key9999', 'eq', '9999')]);
    const context = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i]));
    expect(on(client, 'flag', context)).toBe(true);
    expect(on(client, 'flag', { ...context, key9999: 0 })).toBe(false);
  });
});

describe('one bad batch item', () => {
  it('becomes an error item and one warning that names the field; the others are evaluated', async () => {
    const logger = new Log();
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server, { logger });
    const requests = [
      { flagKey: 'banner', entityId: 'ann' },
      { flagKey: 'banner', entityId: 'ann', context: { plan: { name: 'premium' } } },
      { flagKey: 7, entityId: 'ann' },
      null,
      { flagKey: 'banner', entityId: 'ann' },
    ];
    const { responses } = client.evaluateBatch(requests as never);
    expect(responses.map(({ type }) => type)).toEqual([
      'BOOLEAN_EVALUATION_RESPONSE_TYPE',
      'ERROR_EVALUATION_RESPONSE_TYPE',
      'ERROR_EVALUATION_RESPONSE_TYPE',
      'ERROR_EVALUATION_RESPONSE_TYPE',
      'BOOLEAN_EVALUATION_RESPONSE_TYPE',
    ]);
    for (const index of [1, 2, 3]) {
      expect(responses[index]?.errorEvaluationResponse).toMatchObject({
        namespaceKey: 'default',
        reason: 'UNKNOWN_ERROR_EVALUATION_REASON',
      });
    }
    expect(logger.at('warn')).toEqual([
      expect.stringContaining('requests[1].context.plan'),
      expect.stringContaining('requests[2].flagKey'),
      expect.stringContaining('requests[3]'),
    ]);
  });

  it('may have a blank id, which the server evaluates', async () => {
    const server = await serve({ snapshot: shop(2) });
    const client = await open(server);
    expect(client.evaluateBatch([{ flagKey: 'banner', entityId: '' }]).responses[0]).toMatchObject({
      booleanEvaluationResponse: { enabled: true },
    });
  });
});
