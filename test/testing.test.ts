import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runNode, runScript } from './support/child.ts';
import { failureOf, Log, open, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { built, entryPoint, FliptClient } from './support/sdk.ts';

const { createTestClient, flag, overrideFlags, FlagBuilder } =
  entryPoint<typeof import('../src/testing/index.ts')>('testing.js');

type Options = NonNullable<Parameters<typeof createTestClient>[0]>;

function testClient(flags: NonNullable<Options['flags']> = {}, options: Options = {}) {
  const client = createTestClient({ flags, ...options });
  onTestFinished(() => client.close());
  return client;
}

const entities = (count: number) => Array.from({ length: count }, (_, index) => `user-${index}`);

describe('createTestClient', () => {
  const theme = { primary: '#f00', dark: { bright: [1, 2.5, null] } };

  it('has the values of the test, on every way of asking', () => {
    const client = testClient({
      'dark-mode': true,
      off: false,
      plan: 'enterprise',
      limit: 500,
      theme,
    });
    expect(client.isReady).toBe(true);
    expect(client.getBooleanValue('dark-mode', false)).toBe(true);
    expect(client.getBooleanValue('off', true)).toBe(false);
    expect(client.getStringValue('plan', 'free')).toBe('enterprise');
    expect(client.getNumberValue('limit', 10)).toBe(500);
    expect(client.getObjectValue('theme', {})).toEqual(theme);
    expect(client.variation('limit', {}, 1)).toBe(500);
    expect(client.getBooleanDetails('dark-mode', false)).toMatchObject({
      reason: 'STATIC',
      value: true,
    });
    expect(client.getStringDetails('plan', '')).toMatchObject({
      reason: 'STATIC',
      variant: 'enterprise',
    });
    expect(client.evaluateFlag('theme')?.value).toEqual(theme);
    expect(Object.keys(client.evaluateAll())).toEqual([
      'dark-mode',
      'off',
      'plan',
      'limit',
      'theme',
    ]);
    expect(client.getAllFlagKeys()).toEqual(['dark-mode', 'off', 'plan', 'limit', 'theme']);
    expect(client.evaluateBoolean({ flagKey: 'dark-mode', entityId: 'e' }).enabled).toBe(true);
    expect(client.evaluateVariant({ flagKey: 'plan', entityId: 'e' }).variantKey).toBe(
      'enterprise',
    );
    expect(client.evaluateBatch([{ flagKey: 'off', entityId: 'e' }]).responses).toHaveLength(1);
    expect(client.listFlags()).toHaveLength(5);
    expect(client.explain('dark-mode').answer).toMatchObject({ kind: 'boolean', enabled: true });
    expect(JSON.parse(Buffer.from(client.getSnapshot(), 'base64').toString())).toHaveProperty(
      'namespace.flags.plan',
    );
  });

  it('fails as production does', () => {
    const logger = new Log();
    const client = testClient({ plan: 'pro' }, { logger });
    expect(client.getBooleanValue('missing', true)).toBe(true);
    expect(client.getBooleanDetails('plan', true)).toMatchObject({
      value: true,
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
    });
    expect(client.getObjectDetails('plan', {}).errorCode).toBe('TYPE_MISMATCH');
    expect(() => client.evaluateBoolean({ flagKey: 'missing', entityId: 'e' })).toThrow(
      expect.objectContaining({ code: 'FLIPT_FLAG_NOT_FOUND' }),
    );
    expect(logger.at('warn')).toHaveLength(2);
  });

  it('is a FliptClient, and FliptClient.forTesting is the same', async () => {
    const client = FliptClient.forTesting({ flags: { on: true }, namespace: 'shop' });
    expect(client).toBeInstanceOf(FliptClient);
    expect(createTestClient()).toBeInstanceOf(FliptClient);
    expect(client.getBooleanValue('on', false)).toBe(true);
    expect(client.explain('on').namespaceKey).toBe('shop');
    await client.close();
    expect(client.getBooleanDetails('on', false)).toMatchObject({
      value: false,
      errorCode: 'CLIENT_CLOSED',
    });
    expect(() => client.setTestValue('on', false)).toThrow(
      expect.objectContaining({ code: 'FLIPT_CLIENT_CLOSED' }),
    );
    client.reset();
    await client.close();
  });

  it('calls for the network do nothing, and the status says why', async () => {
    const client = testClient({ on: true });
    await client.waitForReady();
    expect(await client.refresh()).toBe(false);
    await client.reconnect();
    await client.setOffline(false);
    await client.updateAuthentication({ clientToken: 't' });
    expect(client.status).toMatchObject({
      connection: 'offline',
      source: 'bootstrap',
      flagCount: 1,
    });
  });

  it.each([
    [{ a: null }, 'flags.a'],
    [{ a: undefined }, 'flags.a'],
    [{ a: '' }, 'flags.a'],
    [{ a: () => {} }, 'flags.a'],
    [{ a: { b: 1n } }, 'flags.a'],
    [{ '': true }, 'flags.'],
    [{ a: flag('b').on() }, 'flags.a'],
    [[true], 'flags'],
    [new Map([['a', true]]), 'flags'],
    ['a', 'flags'],
  ])('refuses %o', (flags, field) => {
    expect(() => createTestClient({ flags: flags as never })).toThrow(
      expect.objectContaining({
        code: 'FLIPT_ARGUMENT_INVALID',
        details: { problems: [expect.objectContaining({ field })] },
      }),
    );
  });

  it('names every bad flag and option', () => {
    expect(() => createTestClient({ flags: { a: null, b: undefined, c: true } as never })).toThrow(
      /flags\.a.*flags\.b/,
    );
    expect(() => createTestClient({ namspace: 'x' } as never)).toThrow(/did you mean namespace/);
    for (const maxEvaluations of [-1, 1.5, 1e7, '1']) {
      expect(() => createTestClient({ maxEvaluations: maxEvaluations as never })).toThrow(
        /maxEvaluations/,
      );
    }
  });

  it('has no thread and no socket', async () => {
    const script = `
      const fs = require('node:fs');
      const { createTestClient, overrideFlags } = require(${JSON.stringify(built('testing.js'))});
      const count = () => [
        fs.readdirSync('/proc/self/task').length,
        fs.readdirSync('/proc/self/fd').filter((fd) => {
          try { return fs.readlinkSync('/proc/self/fd/' + fd).startsWith('socket:'); } catch { return false; }
        }).length,
      ].join();
      (async () => {
        const before = count();
        const client = createTestClient({ flags: { on: true } });
        await client.refresh();
        client.on('change', () => {});
        client.setTestValue('on', false);
        await overrideFlags({ on: true }, async () => client.getBooleanValue('on', false));
        const during = count();
        const ours = fs.readdirSync('/proc/self/task').filter((task) =>
          fs.readFileSync('/proc/self/task/' + task + '/comm', 'utf8').startsWith('flipt'));
        await client.close();
        done({ same: before === during && before === count(), ours });
      })();`;
    expect(answerOf(await runScript(script))).toEqual({ same: true, ours: [] });
  }, 30_000);
});

describe('setTestValue', () => {
  it('changes, adds and removes flags, and listeners hear of it before it returns', () => {
    const client = testClient({ on: true, plan: 'free' });
    const events = new Recorder(client, ['change', 'status', 'error']);
    const flagEvents: unknown[] = [];
    client.onFlagChange('plan', ({ kind }) => flagEvents.push(kind));
    client.setTestValue('plan', 'pro');
    expect(client.getStringValue('plan', '')).toBe('pro');
    expect(events.of('change')).toMatchObject([{ modified: ['plan'], source: 'bootstrap' }]);
    client.setTestValue('extra', 7);
    client.removeTestValue('on');
    client.removeTestValue('on');
    expect(events.of('change').map(({ added, removed }) => [added, removed])).toEqual([
      [[], []],
      [['extra'], []],
      [[], ['on']],
    ]);
    expect(client.hasFlag('on')).toBe(false);
    expect(flagEvents).toEqual(['modified']);
    client.setTestValue('plan', 'pro');
    expect(events.of('change')).toHaveLength(3);
    expect(events.names).toEqual(['change', 'change', 'change']);
  });

  it('changes the type of a flag as a new definition would', () => {
    const client = testClient({ x: true });
    client.setTestValue('x', 'text' as never);
    expect(client.getStringValue('x', '')).toBe('text');
    expect(client.getBooleanDetails('x', false).errorCode).toBe('TYPE_MISMATCH');
  });

  it('tells ready to those who listen, and change to onUpdate only afterwards', async () => {
    const heard: string[] = [];
    const client = testClient(
      { on: true },
      { onReady: () => heard.push('ready'), onUpdate: () => heard.push('update') },
    );
    await Promise.resolve();
    expect(heard).toEqual(['ready']);
    client.setTestValue('on', false);
    expect(heard).toEqual(['ready', 'update']);
  });

  it('keeps the old value where the new one makes no flag', () => {
    const client = testClient({ on: true });
    expect(() => client.setTestValue('on', null as never)).toThrow(/flags\.on: received null/);
    expect(() => client.setTestValue(7 as never, true as never)).toThrow(/flagKey/);
    expect(() => client.setTestValue('on', flag('other').on())).toThrow(
      /a builder of the flag other/,
    );
    expect(client.getBooleanValue('on', false)).toBe(true);
    client.setTestValue('on', false);
    expect(client.getBooleanValue('on', true)).toBe(false);
  });

  it('reset puts back what the client was made with', () => {
    const client = testClient({ on: true });
    client.setTestValue('on', false);
    client.setTestValue('more', 1);
    client.identify('ann');
    client.setContext({ plan: 'pro' });
    client.reset();
    expect(client.getAllFlagKeys()).toEqual(['on']);
    expect(client.getContext()).toEqual({});
    expect(client.testing.evaluations).toEqual([]);
    expect(client.getBooleanValue('on', false)).toBe(true);
    client.setTestValue('on', false);
    client.testing.resetFlags();
    expect(client.getBooleanValue('on', false)).toBe(true);
    expect(client.testing.evaluations).toHaveLength(2);
  });

  it('on a real client is refused, as all that is for tests', async () => {
    const client = await open(await serve());
    for (const call of [
      () => client.setTestValue('banner', true as never),
      () => client.removeTestValue('banner'),
      () => client.testing.evaluations,
    ]) {
      expect(await failureOf(call)).toMatchObject({
        code: 'FLIPT_ARGUMENT_INVALID',
        message: expect.stringContaining('a client that is not for tests'),
      });
    }
    client.identify('ann');
    client.reset();
    expect(client.getContext()).toEqual({});
    expect(client.listFlags()).toHaveLength(5);
  });
});

describe('flag', () => {
  const ask = (built: InstanceType<typeof FlagBuilder>) => {
    const client = testClient({ [built.key]: built });
    return {
      client,
      boolean: (context = {}) => client.getBooleanDetails(built.key, false, context),
      text: (context = {}) => client.getStringDetails(built.key, 'none', context),
    };
  };

  it('on and off for everyone is static', () => {
    expect(ask(flag('x').on()).boolean()).toMatchObject({ value: true, reason: 'STATIC' });
    expect(ask(flag('x').off()).boolean()).toMatchObject({ value: false, reason: 'STATIC' });
    expect(ask(flag('x').on().disabled()).boolean()).toMatchObject({ value: false });
  });

  it('serves a variation to those whom conditions describe', () => {
    const { text } = ask(flag('x').variation('a').when({ plan: 'pro', beta: true }).variation('b'));
    expect(text({ plan: 'pro', beta: true })).toMatchObject({
      value: 'a',
      reason: 'TARGETING_MATCH',
      ruleId: 'x#rule-1',
      segmentKeys: ['x-1'],
    });
    expect(text({ plan: 'pro', beta: false })).toMatchObject({ value: 'b', reason: 'DEFAULT' });
    expect(text({ beta: true }).value).toBe('b');
    expect(ask(flag('x').variation('a').when({ plan: 'pro' })).text()).toMatchObject({
      value: 'none',
      reason: 'DEFAULT',
    });
  });

  it('serves a share of them, and the rest what everyone gets', () => {
    const count = (builder: InstanceType<typeof FlagBuilder>, value: string) => {
      const { text } = ask(builder);
      const details = entities(2000).map((targetingKey) => text({ targetingKey, plan: 'pro' }));
      expect(new Set(details.map(({ reason }) => reason))).toEqual(new Set(['SPLIT']));
      return details.filter((one) => one.value === value).length / 2000;
    };
    const quarter = flag('x').variation('a').when({ plan: 'pro' }).rollout(25);
    expect(count(quarter, 'a')).toBeCloseTo(0.25, 1);
    expect(count(quarter, 'none')).toBeCloseTo(0.75, 1);
    expect(count(quarter.variation('b'), 'b')).toBeCloseTo(0.75, 1);
    expect(count(flag('x').split({ a: 20, b: 80 }), 'a')).toBeCloseTo(0.2, 1);
    expect(
      count(flag('x').split({ a: 50, b: 50 }).when({ plan: 'pro' }).rollout(40), 'a'),
    ).toBeCloseTo(0.2, 1);
    const thirds = flag('x').split({ a: 33.33, b: 33.33, c: 33.33 });
    expect(count(thirds, 'none')).toBe(0);
    expect(ask(quarter).text({ plan: 'pro' }).errorCode).toBe('TARGETING_KEY_MISSING');
    expect(ask(quarter).text({ plan: 'free' })).toMatchObject({ value: 'none' });
  });

  it('has booleans by percentage and by segment, in order', () => {
    const { boolean } = ask(
      flag('x').off().when({ country: 'de' }).on().when({ plan: 'pro' }).on().rollout(30),
    );
    expect(boolean({ targetingKey: 'e', country: 'de', plan: 'pro' })).toMatchObject({
      value: false,
      reason: 'TARGETING_MATCH',
      ruleId: 'x#rollout-1',
    });
    expect(boolean({ targetingKey: 'e', plan: 'pro' }).value).toBe(true);
    const on = entities(2000).filter((targetingKey) => boolean({ targetingKey }).value).length;
    expect(on / 2000).toBeCloseTo(0.3, 1);
    const all = ask(flag('x').off().when({ country: 'de' }));
    expect([all.boolean({ country: 'de' }).value, all.boolean({}).value]).toEqual([false, true]);
    const last = ask(flag('x').on().when({ plan: 'pro' }).off());
    expect([last.boolean({ plan: 'pro' }).value, last.boolean({}).value]).toEqual([true, false]);
  });

  it('attaches values to variations', () => {
    const { client } = ask(
      flag('x')
        .variation('a', { limit: 5 })
        .when({ plan: 'pro' })
        .variation('b')
        .attach('b', [1, 2]),
    );
    expect(client.getObjectValue('x', {}, { plan: 'pro' })).toEqual({ limit: 5 });
    expect(client.getObjectValue('x', {})).toEqual([1, 2]);
    expect(ask(flag('n').variation('ten', 10)).client.getNumberValue('n', 0)).toBe(10);
  });

  it('serves the default of a variant flag that is disabled', () => {
    const { text } = ask(flag('x').variation('a').when({ plan: 'pro' }).variation('b').disabled());
    expect(text({ plan: 'pro' })).toMatchObject({ value: 'b', reason: 'DISABLED' });
  });

  it('names segments, takes alternatives, and narrows further', () => {
    const { text } = ask(
      flag('x')
        .variation('a')
        .when({ plan: 'pro' }, { plan: 'team' })
        .segment('adults', { age: { gte: 18 } }),
    );
    expect(text({ plan: 'pro', age: 18 })).toMatchObject({ value: 'a', segmentKeys: ['adults-1'] });
    const { text: named } = ask(
      flag('y')
        .variation('a')
        .segment('adults', { age: { gte: 18 } }),
    );
    expect(named({ age: 20 })).toMatchObject({ value: 'a', segmentKeys: ['adults'] });
    expect(text({ plan: 'team', age: 40 }).value).toBe('a');
    expect(text({ plan: 'team', age: 17 }).value).toBe('none');
    expect(text({ plan: 'free', age: 18 }).value).toBe('none');
  });

  const day = (text: string) => new Date(`${text}T00:00:00Z`);
  it.each([
    [{ a: 'x' }, { a: 'x' }, { a: 'y' }],
    [{ a: 5 }, { a: 5 }, { a: 6 }],
    [{ a: true }, { a: true }, { a: false }],
    [{ a: false }, { a: false }, { a: true }],
    [{ a: ['x', 'y'] }, { a: 'y' }, { a: 'z' }],
    [{ a: [1, 2] }, { a: 2 }, { a: 3 }],
    [{ a: day('2026-01-01') }, { a: day('2026-01-01') }, { a: day('2026-01-02') }],
    [{ a: { neq: 'x' } }, { a: 'y' }, { a: 'x' }],
    [{ a: { neq: true } }, { a: false }, { a: true }],
    [{ a: { gt: 30 } }, { a: 31 }, { a: 30 }],
    [{ a: { gte: 30, lt: 40 } }, { a: 30 }, { a: 40 }],
    [{ a: { lte: 30 } }, { a: 30 }, { a: 31 }],
    [{ a: { gt: day('2026-01-01') } }, { a: day('2026-01-02') }, { a: day('2025-12-31') }],
    [{ a: { in: ['x'] } }, { a: 'x' }, { a: 'y' }],
    [{ a: { notIn: [1, 2] } }, { a: 3 }, { a: 2 }],
    [{ a: { prefix: 'ab' } }, { a: 'abc' }, { a: 'cab' }],
    [{ a: { suffix: 'bc' } }, { a: 'abc' }, { a: 'bca' }],
    [{ a: { contains: 'b' } }, { a: 'abc' }, { a: 'ac' }],
    [{ a: { notContains: 'b' } }, { a: 'ac' }, { a: 'abc' }],
    [{ a: { present: true } }, { a: 'x' }, {}],
    [{ a: { present: false } }, {}, { a: 'x' }],
    [{ targetingKey: 'ann' }, { targetingKey: 'ann' }, { targetingKey: 'bob' }],
    [{ entityId: { prefix: 'a' } }, { targetingKey: 'ann' }, { targetingKey: 'bob' }],
  ])('the condition %o', (conditions, matching, other) => {
    const { text } = ask(flag('x').variation('yes').when(conditions).variation('no'));
    expect([text(matching).value, text(other).value]).toEqual(['yes', 'no']);
  });

  it.each([
    ['a boolean flag with a share of a segment', () => flag('x').on().when({ a: 1 }).rollout(5)],
    ['a flag that is on and has variations', () => flag('x').on().when({ a: 1 }).variation('a')],
    ['what is never reached', () => flag('x').variation('a').variation('b')],
  ])('refuses %s', (_, build) => {
    expect(() => build().definition()).toThrow(/flag x cannot be made/);
    expect(() => createTestClient({ flags: { x: build() } })).toThrow(
      expect.objectContaining({ code: 'FLIPT_ARGUMENT_INVALID' }),
    );
  });

  it.each([
    ['flagKey', () => flag('')],
    ['variation', () => flag('x').variation(' ')],
    ['percentage', () => flag('x').on().rollout(101)],
    [
      'percentage',
      () =>
        flag('x')
          .on()
          .rollout('5' as never),
    ],
    ['shares', () => flag('x').split({ a: 60, b: 41 })],
    ['shares', () => flag('x').split({})],
    ['shares.a', () => flag('x').split({ a: -1 })],
    ['segment', () => flag('x').on().segment('', { a: 1 })],
    [
      'conditions',
      () =>
        flag('x')
          .on()
          .when('pro' as never),
    ],
    [
      'conditions.a',
      () =>
        flag('x')
          .on()
          .when({ a: null as never }),
    ],
    ['conditions.a', () => flag('x').on().when({ a: {} })],
    [
      'conditions.a.like',
      () =>
        flag('x')
          .on()
          .when({ a: { like: 'x' } as never }),
    ],
    [
      'conditions.a.gt',
      () =>
        flag('x')
          .on()
          .when({ a: { gt: 'x' as never } }),
    ],
    [
      'conditions.a.in',
      () =>
        flag('x')
          .on()
          .when({ a: ['x', 1] as never }),
    ],
    ['conditions.targetingKey.eq', () => flag('x').on().when({ targetingKey: 5 })],
    ['value', () => flag('x').variation('a', (() => {}) as never)],
    ['begin', () => flag('x').when({ a: 1 })],
  ])('names %s', (field, build) => {
    expect(build).toThrow(expect.objectContaining({ code: 'FLIPT_ARGUMENT_INVALID' }));
    expect(build).toThrow(field);
  });

  it('leaves a builder as it was at every step', () => {
    const base = flag('x').variation('a');
    base.when({ plan: 'pro' }).rollout(10);
    expect(ask(base).text()).toMatchObject({ value: 'a', reason: 'STATIC' });
    expect(base).toBeInstanceOf(FlagBuilder);
  });
});

describe('testing.evaluations', () => {
  it('records what the code asked, and what it got', () => {
    const client = testClient({ on: true, plan: 'pro' });
    const context = { targetingKey: 'ann', plan: 'x' };
    client.getBooleanValue('on', false, context);
    context.plan = 'changed';
    client.withContext({ region: 'eu' }).getStringDetails('plan', 'free', { targetingKey: 'bob' });
    client.getNumberValue('missing', 3);
    client.variation('plan', undefined, 'free');
    client.evaluateFlag('on');
    const of = (context: object, rest: object) => ({
      context,
      variant: undefined,
      errorCode: undefined,
      ...rest,
    });
    expect(client.testing.evaluations).toEqual([
      of(
        { targetingKey: 'ann', plan: 'x' },
        { flagKey: 'on', defaultValue: false, value: true, reason: 'STATIC' },
      ),
      of(
        { targetingKey: 'bob', region: 'eu' },
        { flagKey: 'plan', defaultValue: 'free', value: 'pro', variant: 'pro', reason: 'STATIC' },
      ),
      of(
        {},
        {
          flagKey: 'missing',
          defaultValue: 3,
          value: 3,
          reason: 'ERROR',
          errorCode: 'FLAG_NOT_FOUND',
        },
      ),
      of(
        {},
        { flagKey: 'plan', defaultValue: 'free', value: 'pro', variant: 'pro', reason: 'STATIC' },
      ),
      of({}, { flagKey: 'on', defaultValue: undefined, value: true, reason: 'STATIC' }),
    ]);
    client.testing.clearEvaluations();
    expect(client.testing.evaluations).toEqual([]);
  });

  it('records the raw evaluation, batches, and all flags at once', () => {
    const client = testClient({ on: true, plan: 'pro' });
    client.evaluateBoolean({ flagKey: 'on', entityId: 'e', context: { a: 1 } });
    client.evaluateVariant({ flagKey: 'plan', entityId: 'e' });
    expect(() => client.evaluateVariant({ flagKey: 'on', entityId: 'e' })).toThrow();
    client.evaluateBatch([
      { flagKey: 'plan', entityId: 'f' },
      { flagKey: 'missing', entityId: 'f' },
    ]);
    client.evaluateAll({ targetingKey: 'g' }, { prefix: 'p' });
    client.hasFlag('on');
    const short = client.testing.evaluations.map(
      ({ flagKey, context, value, reason, errorCode }) => [
        flagKey,
        context.targetingKey,
        value,
        errorCode ?? reason,
      ],
    );
    expect(short).toEqual([
      ['on', 'e', true, 'DEFAULT_EVALUATION_REASON'],
      ['plan', 'e', 'pro', 'DEFAULT_EVALUATION_REASON'],
      ['on', 'e', undefined, 'FLIPT_FLAG_TYPE_MISMATCH'],
      ['plan', 'f', 'pro', 'DEFAULT_EVALUATION_REASON'],
      ['missing', 'f', undefined, 'NOT_FOUND_ERROR_EVALUATION_REASON'],
      ['plan', 'g', 'pro', 'STATIC'],
    ]);
  });

  it('keeps the newest', () => {
    const client = testClient({ on: true }, { maxEvaluations: 3 });
    for (let number = 0; number < 50; number++) {
      client.getBooleanValue('on', false, { number });
      expect(client.testing.evaluations.length).toBe(Math.min(number + 1, 3));
    }
    expect(client.testing.evaluations.map(({ context }) => context['number'])).toEqual([
      47, 48, 49,
    ]);
    const none = testClient({ on: true }, { maxEvaluations: 0 });
    none.getBooleanValue('on', false);
    expect(none.testing.evaluations).toEqual([]);
  });
});

describe('overrideFlags', () => {
  it('holds for its function, on every way of asking, and for nothing else', () => {
    const client = testClient({ on: true, plan: 'free' });
    const events = new Recorder(client, ['change']);
    const child = client.withContext({ region: 'eu' });
    const result = overrideFlags(
      { on: false, extra: 7, plan: flag('plan').variation('pro') },
      () => {
        expect(client.getBooleanValue('on', true)).toBe(false);
        expect(child.getStringValue('plan', '')).toBe('pro');
        expect(client.getNumberValue('extra', 0)).toBe(7);
        expect(client.evaluateBoolean({ flagKey: 'on', entityId: 'e' }).enabled).toBe(false);
        expect(client.evaluateBatch([{ flagKey: 'extra', entityId: 'e' }]).responses[0]?.type).toBe(
          'VARIANT_EVALUATION_RESPONSE_TYPE',
        );
        expect(client.getAllFlagKeys()).toEqual(['on', 'plan', 'extra']);
        expect(client.listFlags()).toHaveLength(3);
        expect(client.hasFlag('extra')).toBe(true);
        expect(client.explain('extra').answer).toMatchObject({ variantKey: '7' });
        expect(Object.keys(client.evaluateAll())).toHaveLength(3);
        expect(client.getSnapshot()).not.toBe('');
        return 'done';
      },
    );
    expect(result).toBe('done');
    expect(client.getBooleanValue('on', false)).toBe(true);
    expect(client.hasFlag('extra')).toBe(false);
    expect(events.events).toEqual([]);
    expect(client.testing.evaluations.map(({ value }) => value).slice(0, 3)).toEqual([
      false,
      'pro',
      7,
    ]);
  });

  it('is safe in tests that run at the same time', async () => {
    const client = testClient({ plan: 'free' });
    const seen = await Promise.all(
      entities(20).map((name, index) =>
        overrideFlags({ plan: name }, async () => {
          await sleep(index % 3);
          const first = client.getStringValue('plan', '');
          await new Promise((resolve) => setImmediate(resolve));
          return [first, client.getStringValue('plan', '')];
        }),
      ),
    );
    expect(seen).toEqual(entities(20).map((name) => [name, name]));
    expect(client.getStringValue('plan', '')).toBe('free');
  });

  it('may be nested, and sees what changes beneath', () => {
    const client = testClient({ a: 1, b: 1, c: 1 });
    const values = () => ['a', 'b', 'c'].map((key) => client.getNumberValue(key, 0));
    overrideFlags({ a: 2, b: 2 }, () => {
      overrideFlags({ b: 3 }, () => {
        expect(values()).toEqual([2, 3, 1]);
        client.setTestValue('c', 9);
        client.setTestValue('a', 9);
        expect(values()).toEqual([2, 3, 9]);
      });
      expect(values()).toEqual([2, 2, 9]);
    });
    expect(values()).toEqual([9, 1, 9]);
  });

  it('of one client is no concern of another', async () => {
    const [one, other] = [testClient({ x: 1 }), testClient({ x: 1 })];
    const both = () => [one.getNumberValue('x', 0), other.getNumberValue('x', 0)];
    expect(one.testing.overrideFlags({ x: 2 }, both)).toEqual([2, 1]);
    expect(overrideFlags({ x: 3 }, () => one.testing.overrideFlags({ x: 2 }, both))).toEqual([
      2, 3,
    ]);
    expect(one.testing.overrideFlags({ x: 2 }, () => overrideFlags({ x: 3 }, both))).toEqual([
      3, 3,
    ]);
    await overrideFlags({ x: 5 }, async () => {
      await one.close();
      expect(one.getNumberDetails('x', 0).errorCode).toBe('CLIENT_CLOSED');
      expect(other.getNumberValue('x', 0)).toBe(5);
    });
  });

  it('passes on what its function throws, and refuses what makes no flag', async () => {
    const client = testClient({ x: 1 });
    expect(() =>
      overrideFlags({ x: 2 }, () => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(client.getNumberValue('x', 0)).toBe(1);
    expect(() => overrideFlags({ x: null as never }, () => 1)).toThrow(/flags\.x/);
    expect(() => client.testing.overrideFlags({ x: undefined as never }, () => 1)).toThrow(
      /flags\.x/,
    );
  });
});

describe('the subpath', () => {
  it('is one module for import and require', async () => {
    const esm = pathToFileURL(built('esm/testing.mjs')).href;
    const index = pathToFileURL(built('esm/index.mjs')).href;
    const source = `
      import { createTestClient, flag, overrideFlags } from ${JSON.stringify(esm)};
      import { FliptClient } from ${JSON.stringify(index)};
      import { createRequire } from 'node:module';
      const cjs = createRequire(import.meta.url)(${JSON.stringify(built('testing.js'))});
      const client = createTestClient({ flags: { x: flag('x').on() } });
      console.log(JSON.stringify([
        client instanceof FliptClient, cjs.flag === flag, cjs.overrideFlags === overrideFlags,
        client.getBooleanValue('x', false),
      ]));`;
    const { stdout, stderr } = await runNode(['--input-type=module', '-e', source]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([true, true, true, true]);
  }, 30_000);
});
