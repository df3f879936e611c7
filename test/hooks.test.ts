import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { body, boolean, constraint, rule, segment, shop, variant } from './support/flags.ts';
import { connected, failureOf, Log, open, portable, serve } from './support/harness.ts';
import { type ClientOptions, FliptClient, internals, ValidationError } from './support/sdk.ts';

type EvaluationHook = NonNullable<ClientOptions['hooks']>[number];
type Call = Parameters<NonNullable<EvaluationHook['before']>>[0];
type Details = Parameters<NonNullable<EvaluationHook['after']>>[1];
type Stage = 'before' | 'after' | 'error' | 'finally';
type Told = [stage: Stage, call: Call, details?: Details];

const { counters, forcePath } = internals;
const PATHS = [undefined, 'slow'] as const;
const premium = { targetingKey: 'ann', plan: 'premium' };

afterEach(() => forcePath(undefined));

/** A hook that remembers what it was told, and those who share `order` in which order. */
function recorder(name = '', order: string[] = []) {
  const told: Told[] = [];
  const note =
    (stage: Stage) =>
    (...args: [call: Call, details?: Details]) => {
      told.push([stage, ...args]);
      order.push(`${name}${stage}`);
    };
  const hook: EvaluationHook = {
    before: note('before'),
    after: note('after'),
    error: note('error'),
    finally: note('finally'),
  };
  return { hook, told, order, stages: () => told.map(([stage]) => stage) };
}

describe('a hook of typed values', () => {
  it.each(PATHS)('is told what is asked and what came out, path %s', async (path) => {
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    forcePath(path);
    expect(client.getStringValue('colour', 'none', premium)).toBe('gold');
    const call = { flagKey: 'colour', kind: 'string', defaultValue: 'none', context: premium };
    const details = {
      flagKey: 'colour',
      value: 'gold',
      variant: 'gold',
      reason: 'TARGETING_MATCH',
      segmentKeys: ['premium'],
      ruleId: 'colour#rule-1',
      digest: shop().digest,
      stale: false,
      durationMs: expect.any(Number),
    };
    expect(told).toEqual([
      ['before', call],
      ['after', call, details],
      ['finally', call, details],
    ]);
    expect(told[1]?.[2]?.durationMs).toBeGreaterThan(0);
    expect(new Set(told.map((each) => each[1])).size).toBe(1);
  });

  it('is told of failures by error instead of after', async () => {
    const { hook, told, stages } = recorder();
    const { client } = await connected({ hooks: [hook] });
    expect(client.getNumberValue('checkout', 7, premium)).toBe(7);
    expect(client.getBooleanDetails('nope', true).errorCode).toBe('FLAG_NOT_FOUND');
    expect(client.variation('size', premium, (() => {}) as unknown as string)).toBeTypeOf(
      'function',
    );
    await client.close();
    expect(client.getBooleanValue('banner', true)).toBe(true);
    expect(stages()).toEqual(Array(4).fill(['before', 'error', 'finally']).flat());
    expect(told.filter(([stage]) => stage === 'error').map((each) => each[2])).toMatchObject([
      { flagKey: 'checkout', value: 7, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' },
      { flagKey: 'nope', value: true, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
      { flagKey: 'size', value: undefined, reason: 'ERROR', errorCode: 'GENERAL' },
      { flagKey: 'banner', value: true, reason: 'ERROR', errorCode: 'CLIENT_CLOSED' },
    ]);
  });

  it('is told the kind that each call asks for, and the empty key of one that is no text', async () => {
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    client.getBooleanValue('banner', false);
    client.getStringDetails('size', '');
    client.getNumberValue('size', 0);
    client.getObjectDetails('size', {});
    client.variation('size', premium, 'small');
    client.variationDetail('size', premium, null);
    client.evaluateFlag('size');
    client.getBooleanValue(Symbol('x') as unknown as string, false);
    const calls = told.filter(([stage]) => stage === 'before').map(([, call]) => call);
    expect(calls.map(({ kind }) => kind)).toEqual([
      'boolean',
      'string',
      'number',
      'object',
      'string',
      'any',
      'any',
      'boolean',
    ]);
    expect(calls.at(-1)?.flagKey).toBe('');
  });

  it('sees the whole context that is evaluated', async () => {
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    client.setContext({ region: 'eu', plan: 'free' });
    const handle = client.withContext({ plan: 'basic', tier: 1 });
    client.runWithContext({ tier: 2 }, () => handle.getBooleanValue('checkout', false, premium));
    client.getBooleanValue('banner', false);
    expect(told[0]?.[1].context).toEqual({ region: 'eu', tier: 2, ...premium });
    expect(told[3]?.[1].context).toEqual({ region: 'eu', plan: 'free' });
  });

  it('sees nothing of a context that cannot be read, whose failure stays the same', async () => {
    const contexts = [
      'text',
      ['list'],
      new Map(),
      Object.defineProperty({}, 'plan', {
        enumerable: true,
        get() {
          throw new Error('no plan');
        },
      }),
    ] as unknown as (typeof premium)[];
    const { client } = await connected();
    const alone = contexts.map((context) => client.getBooleanDetails('checkout', true, context));
    const { hook, told } = recorder();
    client.addHook(hook);
    const hooked = contexts.map((context) => client.getBooleanDetails('checkout', true, context));
    expect(hooked).toEqual(alone);
    expect(new Set(alone.map(({ errorCode }) => errorCode))).toContain('INVALID_CONTEXT');
    expect(told.filter(([stage]) => stage === 'before').map(([, call]) => call.context)).toEqual(
      contexts.map(() => ({})),
    );
  });

  it('reads the getters of a context once', async () => {
    let reads = 0;
    const context = {
      targetingKey: 'ann',
      get plan() {
        reads++;
        return reads === 1 ? 'premium' : 'free';
      },
    };
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    expect(client.getBooleanValue('checkout', false, context)).toBe(true);
    expect(reads).toBe(1);
    expect(told[0]?.[1].context).toEqual(premium);
  });

  it('is told of every flag that evaluateAll answers for', async () => {
    const { hook, told, stages } = recorder();
    const { client } = await connected({ hooks: [hook] });
    const all = client.evaluateAll(premium, { keys: ['old', 'banner', 'size', 'nope'] });
    expect(stages()).toEqual([
      ...['before', 'before', 'before'],
      ...['after', 'finally', 'after', 'finally', 'after', 'finally'],
    ]);
    expect(told.slice(0, 3).map(([, call]) => call)).toMatchObject(
      ['banner', 'size', 'old'].map((flagKey) => ({
        flagKey,
        kind: 'any',
        defaultValue: undefined,
        context: premium,
      })),
    );
    const after = told.filter(([stage]) => stage === 'after').map((each) => each[2]);
    expect(after).toMatchObject([all['banner'], all['size'], all['old']] as object[]);
    client.allFlagsState(premium, { prefix: 'ba' });
    expect(stages().slice(9)).toEqual(['before', 'after', 'finally']);
  });

  it('is told nothing by evaluateAll where there are no flags to evaluate', async () => {
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    const unusable = client.evaluateAll({}, { keys: 5 as unknown as string[] });
    await client.close();
    expect([unusable, client.evaluateAll()]).toEqual([{}, {}]);
    expect(told).toEqual([]);
  });
});

describe('a hook of raw evaluations', () => {
  it.each(PATHS)('is told of evaluateBoolean and evaluateVariant, path %s', async (path) => {
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    forcePath(path);
    const request = { entityId: 'ann', context: { plan: 'premium' } };
    client.evaluateBoolean({ flagKey: 'checkout', ...request });
    client.evaluateVariant({ flagKey: 'colour', ...request });
    client.evaluateVariant({ flagKey: 'colour', entityId: 'ann' });
    const calls = told.filter(([stage]) => stage === 'before').map(([, call]) => call);
    const defaultValue = undefined;
    expect(calls).toEqual([
      { flagKey: 'checkout', kind: 'boolean', defaultValue, context: premium },
      { flagKey: 'colour', kind: 'variant', defaultValue, context: premium },
      { flagKey: 'colour', kind: 'variant', defaultValue, context: { targetingKey: 'ann' } },
    ]);
    const common = { digest: shop().digest, stale: false, durationMs: expect.any(Number) };
    expect(told.filter(([stage]) => stage === 'after').map((each) => each[2])).toEqual([
      {
        flagKey: 'checkout',
        value: true,
        reason: 'TARGETING_MATCH',
        segmentKeys: ['premium'],
        ruleId: 'checkout#rollout-1',
        ...common,
      },
      {
        flagKey: 'colour',
        value: 'gold',
        variant: 'gold',
        reason: 'TARGETING_MATCH',
        segmentKeys: ['premium'],
        ruleId: 'colour#rule-1',
        ...common,
      },
      { flagKey: 'colour', value: '', reason: 'DEFAULT', segmentKeys: [], ...common },
    ]);
  });

  it('is told of what is thrown', async () => {
    const { hook, told, stages } = recorder();
    const { client } = await connected({ hooks: [hook] });
    const request = { entityId: 'ann' };
    await failureOf(() => client.evaluateBoolean({ flagKey: 'nope', ...request }));
    await failureOf(() => client.evaluateVariant({ flagKey: 'banner', ...request }));
    await failureOf(() => client.evaluateBoolean({ flagKey: ' ', ...request }));
    const context = { born: new Date() } as never;
    await failureOf(() => client.evaluateBoolean({ flagKey: 'banner', ...request, context }));
    expect(stages()).toEqual(Array(4).fill(['before', 'error', 'finally']).flat());
    expect(told.filter(([stage]) => stage === 'error').map((each) => each[2])).toMatchObject([
      { flagKey: 'nope', value: undefined, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
      { flagKey: 'banner', value: undefined, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' },
      { flagKey: ' ', value: undefined, reason: 'ERROR', errorCode: 'GENERAL' },
      { flagKey: 'banner', value: undefined, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' },
    ]);
  });

  it.each(PATHS)('is told of each item of a batch, path %s', async (path) => {
    const { hook, told, stages } = recorder();
    const { client } = await connected({ hooks: [hook] });
    forcePath(path);
    client.evaluateBatch([
      { flagKey: 'banner', entityId: 'ann' },
      { flagKey: 'nope', entityId: 'ann' },
      { flagKey: 'colour', entityId: 'ann', context: { plan: 'premium' } },
      7 as never,
    ]);
    expect(stages()).toEqual([
      ...['before', 'before', 'before', 'before'],
      ...['after', 'finally', 'error', 'finally', 'after', 'finally', 'error', 'finally'],
    ]);
    expect(told.slice(0, 4).map(([, call]) => call)).toMatchObject([
      { flagKey: 'banner', kind: 'any', context: { targetingKey: 'ann' } },
      { flagKey: 'nope', kind: 'any', context: { targetingKey: 'ann' } },
      { flagKey: 'colour', kind: 'any', context: premium },
      { flagKey: '', kind: 'any', context: {} },
    ]);
    expect(told.filter(([stage]) => stage === 'finally').map((each) => each[2])).toMatchObject([
      { flagKey: 'banner', value: false, reason: 'STATIC', digest: shop().digest },
      { flagKey: 'nope', reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' },
      { flagKey: 'colour', value: 'gold', variant: 'gold', ruleId: 'colour#rule-1' },
      { flagKey: '', reason: 'ERROR', errorCode: 'GENERAL' },
    ]);
  });

  it('is told when a whole batch fails', async () => {
    const { hook, told, stages } = recorder();
    const { client } = await connected({ hooks: [hook] });
    await client.close();
    await failureOf(() => client.evaluateBatch([{ flagKey: 'banner', entityId: 'ann' }]));
    expect(stages()).toEqual(['before', 'error', 'finally']);
    expect(told[1]?.[2]).toMatchObject({ flagKey: 'banner', errorCode: 'CLIENT_CLOSED' });
    await failureOf(() => client.evaluateBatch(5 as never));
    expect(stages()).toHaveLength(3);
  });

  it('works beside the option hook', async () => {
    const { hook, order } = recorder('hooks ');
    const old = {
      before: () => order.push('hook before'),
      after: () => order.push('hook after'),
    };
    const { client } = await connected({ hook: old, hooks: [hook] });
    client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' });
    expect(order).toEqual([
      'hook before',
      'hooks before',
      'hooks after',
      'hooks finally',
      'hook after',
    ]);
  });
});

describe('several hooks', () => {
  it('are called in order before, in the opposite order afterwards', async () => {
    const order: string[] = [];
    const hooks = ['a ', 'b '].map((name) => recorder(name, order).hook);
    const { client } = await connected({ hooks });
    client.getBooleanValue('banner', false);
    client.getBooleanValue('nope', false);
    const ending = (stage: string) => [`b ${stage}`, `a ${stage}`, 'b finally', 'a finally'];
    expect(order).toEqual([
      ...['a before', 'b before', ...ending('after')],
      ...['a before', 'b before', ...ending('error')],
    ]);
  });

  it('come and go, also while an evaluation goes on, which those told before it are told the end of', async () => {
    const order: string[] = [];
    const [a, b, c] = ['a ', 'b ', 'c '].map((name) => recorder(name, order).hook);
    const { client } = await connected({ hooks: [a as EvaluationHook] });
    const meddling = {
      before() {
        client.removeHook(a as EvaluationHook);
        client.addHook(b as EvaluationHook);
      },
    };
    client.addHook(meddling);
    client.addHook(meddling);
    client.getBooleanValue('banner', false);
    expect(order).toEqual(['a before', 'a after', 'a finally']);
    order.length = 0;
    client.removeHook(meddling);
    client.removeHook(c as EvaluationHook);
    client.getBooleanValue('banner', false);
    expect(order).toEqual(['b before', 'b after', 'b finally']);
    client.removeHook(b as EvaluationHook);
    client.getBooleanValue('banner', false);
    expect(order).toHaveLength(3);
  });

  it('may each have some of the functions, as methods of an object of a class', async () => {
    class Counting {
      count = 0;
      finally() {
        this.count += 1;
      }
    }
    const hook = new Counting();
    const { client } = await connected({ hooks: [hook] });
    client.getBooleanValue('banner', false);
    expect(hook.count).toBe(1);
  });
});

describe('what a hook does', () => {
  it('cannot change a value', async () => {
    const born = new Date('2000-01-01T00:00:00Z');
    const flags = [
      variant('age', [
        rule(
          [segment('old', [constraint('born', 'eq', born.toISOString(), 'DATETIME')])],
          'old',
          '{"a":{"b":1}}',
        ),
      ]),
    ];
    const server = await serve({ snapshot: body(flags) });
    const hook: EvaluationHook = {
      before({ context, defaultValue }) {
        (context['born'] as Date).setTime(0);
        attempt(() => Object.assign(context, { plan: 'free' }));
        attempt(() => Object.assign(defaultValue as object, { spoiled: true }));
        attempt(() => Object.assign((defaultValue as { list: object }).list, { spoiled: true }));
      },
      after(_, details) {
        attempt(() => Object.assign(details, { value: 'spoiled' }));
        attempt(() => Object.assign(details.value as object, { spoiled: true }));
        attempt(() => (details.segmentKeys as string[]).push('spoiled'));
      },
    };
    const client = await open(server, { hooks: [hook] });
    const fallback = { list: [] };
    const context = { targetingKey: 'ann', born };
    const details = client.getObjectDetails('age', fallback, context);
    expect(details).toMatchObject({ value: { a: { b: 1 } }, segmentKeys: ['old'] });
    expect(Object.keys(details.value)).toEqual(['a']);
    const missing = client.getObjectDetails('nope', fallback, context);
    expect(missing.value).toBe(fallback);
    expect([fallback, born.getUTCFullYear(), context]).toEqual([
      { list: [] },
      2000,
      { targetingKey: 'ann', born },
    ]);
    details.segmentKeys.push('mine');
  });

  it('is not told a default that cannot be copied, and a copy of one that refers to itself', async () => {
    const { hook, told } = recorder();
    const { client } = await connected({ hooks: [hook] });
    const circle: { self?: object } = {};
    circle.self = circle;
    for (const fallback of [circle, { run: () => 1 }, new Uint8Array(2)]) {
      expect(client.getObjectValue<object>('nope', fallback)).toBe(fallback);
    }
    const shown = told.filter(([stage]) => stage === 'error').map((each) => each[2]?.value);
    expect(shown).toEqual([circle, undefined, undefined]);
    expect(shown[0]).not.toBe(circle);
  });

  it('reaches nobody when it fails: the logger is warned once a series', async () => {
    const logger = new Log();
    let fails = true;
    const fail = () => {
      if (fails) {
        throw new Error('no coffee');
      }
    };
    const healthy = recorder();
    const hooks = [healthy.hook, { before: fail, after: fail, error: fail, finally: fail }];
    const { client } = await connected({ hooks, logger });
    expect(client.getStringValue('size', 'none')).toBe('medium');
    expect(client.getStringValue('nope', 'none')).toBe('none');
    expect(client.evaluateBatch([{ flagKey: 'banner', entityId: 'ann' }]).responses).toHaveLength(
      1,
    );
    const warned = () => logger.at('warn').filter((text) => text.startsWith('hooks['));
    expect(warned()).toEqual(
      ['before', 'after', 'finally', 'error'].map(
        (stage) => `hooks[1].${stage} failed: Error: no coffee`,
      ),
    );
    expect(logger.at('debug').filter((text) => text.includes('hooks[1].before'))).toHaveLength(2);
    expect(healthy.stages()).toHaveLength(9);
    fails = false;
    client.getBooleanValue('banner', false);
    fails = true;
    client.getBooleanValue('banner', false);
    expect(warned()).toHaveLength(7);
  });

  it('is not waited for when it is a promise, and reported when that fails', async () => {
    const logger = new Log();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const never = new Promise<void>(() => {});
    const later = async () => {
      throw new Error('later');
    };
    const hooks = [{ before: () => never }, { before: later, finally: later }];
    const { client } = await connected({ hooks, logger });
    expect(client.getStringValue('size', 'none')).toBe('medium');
    expect(await logger.waitFor('warn', /hooks\[1\]\.before failed: Error: later/)).toBeTruthy();
    expect(await logger.waitFor('warn', /hooks\[1\]\.finally failed: Error: later/)).toBeTruthy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('may be an evaluation, which hooks are not told of', async () => {
    const values: unknown[] = [];
    const { hook, stages } = recorder();
    const server = await serve();
    const asking: EvaluationHook = {
      before: () => values.push(client.getStringDetails('size', 'none').variant),
      after: () =>
        values.push(client.evaluateBoolean({ flagKey: 'banner', entityId: 'x' }).enabled),
      finally: () => values.push(Object.keys(client.evaluateAll()).length),
    };
    const client = await open(server, { hooks: [hook, asking] });
    const details = client.getStringDetails('colour', 'none', premium);
    expect(values).toEqual(['medium', false, 5]);
    expect(details).toMatchObject({ value: 'gold', segmentKeys: ['premium'] });
    expect(stages()).toEqual(['before', 'after', 'finally']);
  });
});

describe('the option hooks and addHook', () => {
  it.each([
    ['a hook', { before() {} }],
    ['text', 'hooks'],
    ['a list with something else', [{ before() {} }, 5]],
    ['a list with an object without functions', [{}]],
    ['a list with a function that is none', [{ before() {}, after: 'later' }]],
    ['a hole', new Array(1)],
    [
      'a list that cannot be read',
      new Proxy([], {
        get() {
          throw new Error('no');
        },
      }),
    ],
  ])('refuse %s', async (_, hooks) => {
    const error = await failureOf(FliptClient.init({ hooks: hooks as never }));
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      code: 'FLIPT_OPTION_INVALID',
      details: { problems: [{ field: 'hooks' }] },
    });
  });

  it('may be empty or left out', async () => {
    const { client } = await connected({ hooks: [] });
    expect(client.getStringValue('size', 'none')).toBe('medium');
    await connected({ hooks: undefined });
  });

  it('refuse what is no hook', async () => {
    const { client } = await connected();
    for (const hook of [undefined, null, 5, {}, { after: 5 }]) {
      const error = await failureOf(() => client.addHook(hook as never));
      expect(error).toMatchObject({
        code: 'FLIPT_ARGUMENT_INVALID',
        details: { problems: [{ field: 'hook' }] },
      });
    }
  });

  it('hold for handles as well', async () => {
    const { client } = await connected();
    const handle = client.withContext(premium);
    const { hook, told } = recorder();
    client.addHook(hook);
    handle.getBooleanValue('checkout', false);
    expect(told[0]?.[1]).toMatchObject({ flagKey: 'checkout', context: premium });
  });
});

describe('with and without hooks', () => {
  const contexts = [
    undefined,
    null,
    {},
    premium,
    { ...premium, email: 'x@shop.example' },
    { userId: 7, born: new Date(0), nested: { a: 1 }, list: [1] },
    { entityId: 'ann', targetingKey: ' ', big: 5n, none: null, off: false },
    Object.create({ plan: 'premium' }),
    JSON.parse('{"__proto__": "x", "constructor": "y", "plan": "premium"}'),
    new (class Person {
      plan = 'premium';
    })(),
    'text',
    [],
    new Map([['plan', 'premium']]),
  ];
  const flags = [
    ...shop().flags,
    boolean('broken', true, [
      { type: 'THRESHOLD_ROLLOUT_TYPE', rank: 1, threshold: { percentage: 40, value: true } },
    ]),
    variant('number', [], { defaultVariant: { id: 'n', key: '12', attachment: 'null' } }),
    variant('malformed', [], { defaultVariant: { id: 'm', key: 'm', attachment: '{' } }),
  ];

  /** Everything that a client answers, for all contexts. */
  function answers(client: FliptClient): unknown[] {
    const keys = [...client.getAllFlagKeys(), 'nope', ''];
    return contexts.flatMap((context) => [
      client.evaluateAll(context as never),
      ...keys.flatMap((flagKey) => [
        client.getBooleanDetails(flagKey, true, context as never),
        client.getStringDetails(flagKey, 'none', context as never),
        client.getNumberDetails(flagKey, 5, context as never),
        client.getObjectDetails(flagKey, { none: true }, context as never),
        client.getBooleanValue(flagKey, true, context as never),
        client.getNumberValue(flagKey, 5, context as never),
        client.variation(flagKey, context as never, null),
        client.evaluateFlag(flagKey, context as never),
        raw(() => client.evaluateBoolean({ flagKey, entityId: 'ann', context: context as never })),
        raw(() => client.evaluateVariant({ flagKey, entityId: 'ann', context: context as never })),
        raw(() => client.evaluateBatch([{ flagKey, entityId: 'ann', context: context as never }])),
      ]),
    ]);
  }

  it.each(PATHS)('all answers are the same, path %s', async (path) => {
    const snapshot = await portable(body(flags));
    const options: ClientOptions = {
      snapshot,
      updateInterval: 0,
      errorStrategy: 'fallback',
      fetcher: async () => new Response('', { status: 404 }),
    };
    const client = await FliptClient.init(options);
    onTestFinished(() => client.close());
    forcePath(path);
    const before = { ...counters };
    const alone = answers(client);
    const taken = { fast: counters.fast - before.fast, slow: counters.slow - before.slow };
    const { hook, told } = recorder();
    client.addHook(hook);
    const hooked = answers(client);
    expect(told.length).toBeGreaterThan(0);
    expect(hooked).toEqual(alone);
    expect(counters.fast - before.fast).toBe(2 * taken.fast);
    expect(counters.slow - before.slow).toBe(2 * taken.slow);
    expect(taken.fast > 0).toBe(path !== 'slow');
  });
});

/** An answer without its times, or what was thrown. */
function raw(evaluate: () => object): unknown {
  try {
    return JSON.parse(
      JSON.stringify(evaluate(), (key, value) =>
        key === 'requestDurationMillis' || key === 'timestamp' ? undefined : value,
      ),
    );
  } catch (error) {
    return String(error);
  }
}

function attempt(run: () => unknown): void {
  try {
    run();
  } catch {
    // Refused, as it should be.
  }
}
