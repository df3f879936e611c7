import { describe, expect, it } from 'vitest';
import {
  body,
  boolean,
  constraint,
  rule,
  segment,
  segmentRollout,
  variant,
} from './support/flags.ts';
import { Log, open, serve } from './support/harness.ts';
import { type ClientOptions, FliptClient, internals } from './support/sdk.ts';

const { counters, forcePath } = internals;

const pro = segment('pro', [constraint('plan', 'eq', 'pro')]);
const everybody = segment('everybody', []);
const someone = segment('someone', [constraint('entityId', 'eq', 'ann', 'ENTITY_ID')]);
const isPro = { targetingKey: 'ann', plan: 'pro' };

function threshold(percentage: number, value = true) {
  return { type: 'THRESHOLD_ROLLOUT_TYPE', rank: 1, threshold: { percentage, value } };
}

function split(...shares: [string, number][]) {
  const distributions = shares.map(([variantKey, rollout]) => ({
    variantKey,
    rollout,
    variantAttachment: 'null',
  }));
  return { ...rule([everybody], ''), distributions };
}

const FLAGS = [
  boolean('on'),
  boolean('off', false),
  boolean('for-pro', false, [segmentRollout(true, pro)]),
  boolean('half', false, [threshold(0), threshold(99.999)]),
  boolean('whole', false, [threshold(100)]),
  variant('theme', [rule([pro], 'dark', '{"hex":"#000","deep":{"list":[1]}}')]),
  variant('limit', [rule([pro], '500')]),
  variant('rate', [rule([pro], 'fast', '2.5')]),
  variant('odd-number', [rule([pro], '0x10')]),
  variant('list', [rule([pro], 'l', '[1,2]')]),
  variant('text', [rule([pro], 't', '"words"')]),
  variant('broken-json', [rule([pro], 'b', '{oops')]),
  variant('ab', [split(['a', 50], ['b', 50])]),
  variant('named', [rule([someone], 'hello')]),
  variant('no-share', [{ ...rule([pro], ''), distributions: [] }]),
  variant('fixed', [], { defaultVariant: { key: 'f', attachment: '{"x":1}' } }),
  variant('gone', [rule([pro], 'x')], { enabled: false }),
  variant('gone-with-default', [split(['a', 50], ['b', 50])], {
    enabled: false,
    defaultVariant: { key: 'd', attachment: '7' },
  }),
  { ...variant('strange', []), type: 'NUMBER_FLAG_TYPE' },
  { ...variant('ruined', []), rules: 'none' },
];

async function client(options: ClientOptions = {}) {
  const server = await serve({ snapshot: body(FLAGS) });
  return open(server, options);
}

/** What happens on the fast path has to happen on the slow one. */
const PATHS = ['fast', 'slow'] as const;

function onPath<T>(path: (typeof PATHS)[number], run: () => T): T {
  const before = { ...counters };
  forcePath(path === 'slow' ? 'slow' : undefined);
  try {
    return run();
  } finally {
    forcePath(undefined);
    expect(counters[path]).toBeGreaterThan(before[path]);
    const other = path === 'slow' ? 'fast' : 'slow';
    expect(counters[other]).toBe(before[other]);
  }
}

describe.each(PATHS)('values on the %s path', (path) => {
  it('are the state of a boolean flag', async () => {
    const flags = await client();
    onPath(path, () => {
      expect(flags.getBooleanValue('on', false)).toBe(true);
      expect(flags.getBooleanValue('off', true)).toBe(false);
      expect(flags.getBooleanValue('for-pro', false, isPro)).toBe(true);
      expect(flags.getBooleanValue('for-pro', true, { plan: 'free' })).toBe(false);
    });
  });

  it('are the key, the number and the structure of a variant', async () => {
    const flags = await client();
    onPath(path, () => {
      expect(flags.getStringValue('theme', 'light', isPro)).toBe('dark');
      expect(flags.getNumberValue('limit', 1, isPro)).toBe(500);
      expect(flags.getNumberValue('rate', 1, isPro)).toBe(2.5);
      expect(flags.getObjectValue('list', [], isPro)).toEqual([1, 2]);
      const theme = flags.getObjectValue<{ deep?: { list: number[] } }>('theme', {}, isPro);
      expect(theme).toEqual({ hex: '#000', deep: { list: [1] } });
      expect(Object.isFrozen(theme) && Object.isFrozen(theme.deep?.list)).toBe(true);
      expect(flags.getObjectValue('theme', {}, { ...isPro, targetingKey: 'bob' })).toBe(theme);
    });
  });

  it.each([
    ['getBooleanDetails', 'theme', true],
    ['getStringDetails', 'on', 'x'],
    ['getNumberDetails', 'on', 1],
    ['getNumberDetails', 'theme', 1],
    ['getNumberDetails', 'odd-number', 1],
    ['getObjectDetails', 'on', {}],
    ['getObjectDetails', 'limit', {}],
    ['getObjectDetails', 'rate', {}],
    ['getObjectDetails', 'text', {}],
    ['getStringDetails', 'strange', 'x'],
    ['getBooleanDetails', 'ab', true],
  ] as const)('%s of %s is a mismatch', async (call, flagKey, fallback) => {
    const flags = await client();
    const context = flagKey === 'ab' ? {} : isPro;
    const ask = flags[call].bind(flags) as (...args: unknown[]) => unknown;
    const details = forced(path, () => ask(flagKey, fallback, context));
    expect(details).toStrictEqual({
      flagKey,
      value: fallback,
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
      errorMessage: expect.stringContaining(flagKey),
      segmentKeys: [],
      digest: expect.stringMatching(/^0+1$/),
      stale: false,
    });
  });

  it.each([
    ['on', 'STATIC', undefined],
    ['for-pro', 'TARGETING_MATCH', 'for-pro#rollout-1'],
    ['half', 'SPLIT', 'half#rollout-2'],
    ['whole', 'TARGETING_MATCH', 'whole#rollout-1'],
  ])('say why: %s is %s', async (flagKey, reason, ruleId) => {
    const flags = await client();
    const details = onPath(path, () => flags.getBooleanDetails(flagKey, false, isPro));
    expect(details).toStrictEqual({
      flagKey,
      value: true,
      reason,
      segmentKeys: flagKey === 'for-pro' ? ['pro'] : [],
      ...(ruleId === undefined ? {} : { ruleId }),
      digest: expect.stringMatching(/^0+1$/),
      stale: false,
    });
  });

  it.each([
    [
      'theme',
      isPro,
      'dark',
      { reason: 'TARGETING_MATCH', ruleId: 'theme#rule-1', variant: 'dark' },
    ],
    ['theme', {}, 'mine', { reason: 'DEFAULT' }],
    ['ab', isPro, expect.stringMatching(/^[ab]$/), { reason: 'SPLIT', ruleId: 'ab#rule-1' }],
    ['named', isPro, 'hello', { reason: 'TARGETING_MATCH', segmentKeys: ['someone'] }],
    ['no-share', isPro, 'mine', { reason: 'DEFAULT', ruleId: 'no-share#rule-1' }],
    ['fixed', {}, 'f', { reason: 'STATIC', variant: 'f' }],
    ['gone', isPro, 'mine', { reason: 'DISABLED' }],
    ['gone-with-default', {}, 'd', { reason: 'DISABLED', variant: 'd' }],
  ])('say why: %s for %o', async (flagKey, context, value, expected) => {
    const flags = await client();
    const details = onPath(path, () => flags.getStringDetails(flagKey, 'mine', context));
    expect(details).toMatchObject({ flagKey, value, ...expected });
    expect(details.errorCode).toBeUndefined();
    expect('variant' in details).toBe(value !== 'mine');
  });

  it('need to know for whom where a flag splits or looks at the id, and nowhere else', async () => {
    const flags = await client();
    for (const flagKey of ['ab', 'named']) {
      const details = forced(path, () => flags.getStringDetails(flagKey, 'x', { plan: 'pro' }));
      expect(details).toMatchObject({ value: 'x', errorCode: 'TARGETING_KEY_MISSING' });
    }
    expect(flags.getBooleanDetails('half', true).errorCode).toBe('TARGETING_KEY_MISSING');
    expect(flags.getStringValue('theme', 'x', { plan: 'pro' })).toBe('dark');
  });

  it('take dates as text, and leave out what has none with one warning', async () => {
    const log = new Log();
    const server = await serve({
      snapshot: body([
        boolean('dated', false, [
          segmentRollout(
            true,
            segment('d', [constraint('born', 'lt', '2000-01-01T00:00:00Z', 'DATETIME')]),
          ),
        ]),
      ]),
    });
    const flags = await open(server, { logger: log });
    const context = { born: new Date('1999-12-31'), nested: { a: 1 }, tags: ['x'] };
    for (let time = 0; time < 3; time++) {
      expect(forced(path, () => flags.getBooleanValue('dated', false, context))).toBe(true);
    }
    const left = { born: new Date(Number.NaN) };
    expect(forced(path, () => flags.getBooleanValue('dated', false, left))).toBe(false);
    const warnings = log.at('warn').filter((message) => message.includes('left out'));
    expect(warnings.map((message) => message.split(':')[0])).toEqual([
      'context.nested',
      'context.tags',
      'context.born',
    ]);
  });
});

function forced<T>(path: (typeof PATHS)[number], run: () => T): T {
  forcePath(path === 'slow' ? 'slow' : undefined);
  try {
    return run();
  } finally {
    forcePath(undefined);
  }
}

describe('values never throw', () => {
  const hostile = {
    get plan(): string {
      throw new Error('no');
    },
  };

  it.each([
    ['a missing flag', 'nothing', isPro, 'FLAG_NOT_FOUND'],
    ['a flag that cannot be read', 'ruined', isPro, 'PARSE_ERROR'],
    ['a blank key', ' ', isPro, 'GENERAL'],
    ['a key that is no text', 7, isPro, 'GENERAL'],
    ['a context that is no object', 'for-pro', 'ann', 'INVALID_CONTEXT'],
    ['a context that is a list', 'for-pro', ['ann'], 'INVALID_CONTEXT'],
    ['a context whose getter throws', 'for-pro', hostile, 'INVALID_CONTEXT'],
  ])('%s', async (_, flagKey, context, errorCode) => {
    const flags = await client();
    const ask = flags.getBooleanDetails.bind(flags) as (...args: unknown[]) => unknown;
    expect(ask(flagKey, true, context)).toMatchObject({ value: true, reason: 'ERROR', errorCode });
    const plainly = flags.getBooleanValue.bind(flags) as (...args: unknown[]) => unknown;
    expect(plainly(flagKey, 'anything', context)).toBe('anything');
  });

  it('an attachment that is no JSON', async () => {
    const flags = await client();
    expect(flags.getObjectDetails('broken-json', {}, isPro).errorCode).toBe('PARSE_ERROR');
    expect(flags.getStringValue('broken-json', '', isPro)).toBe('b');
  });

  it('a client without flag state, and a closed one', async () => {
    const server = await serve();
    server.setBehaviour({ name: 'status', status: 503 });
    const flags = await open(server, { errorStrategy: 'fallback' });
    expect(flags.getBooleanDetails('on', true)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
      digest: '',
    });
    expect(flags.evaluateAll()).toEqual({});
    expect(flags.getAllFlagKeys()).toEqual([]);
    expect(flags.hasFlag('on')).toBe(false);
    await flags.close();
    expect(flags.getNumberDetails('on', 4)).toMatchObject({ value: 4, errorCode: 'CLIENT_CLOSED' });
    expect(flags.evaluateFlag('on')?.errorCode).toBe('CLIENT_CLOSED');
    expect(flags.evaluateAll()).toEqual({});
  });

  it('the log gets one line for each flag and cause', async () => {
    const log = new Log();
    const flags = await client({ logger: log });
    for (let time = 0; time < 3; time++) {
      flags.getBooleanValue('nothing', true);
      flags.getBooleanDetails('nothing', true);
      flags.getBooleanValue('theme', true);
      flags.getBooleanValue('missing', true);
    }
    const lines = log.at('warn').filter((message) => message.endsWith('default is returned'));
    expect(lines.map((message) => message.split(':')[0])).toEqual([
      'flag nothing',
      'flag theme',
      'flag missing',
    ]);
  });
});

describe('variation', () => {
  it('has the type of its default', async () => {
    const flags = await client();
    expect(flags.variation('on', isPro, false)).toBe(true);
    expect(flags.variation('limit', isPro, 'x')).toBe('500');
    expect(flags.variation('limit', isPro, 1)).toBe(500);
    expect(flags.variation('theme', isPro, {})).toMatchObject({ hex: '#000' });
    expect(flags.variation('theme', isPro, null)).toMatchObject({ hex: '#000' });
    expect(flags.variation('text', isPro, undefined)).toBe('t');
    expect(flags.variationDetail('theme', isPro, false)).toMatchObject({
      value: false,
      errorCode: 'TYPE_MISMATCH',
    });
    const symbol = Symbol('none');
    expect(flags.variationDetail('on', null, symbol)).toMatchObject({
      value: symbol,
      errorCode: 'GENERAL',
    });
  });
});

describe('all flags', () => {
  it('have the details that each has by itself', async () => {
    const flags = await client();
    for (const context of [isPro, {}, undefined]) {
      const all = flags.evaluateAll(context);
      expect(Object.keys(all)).toEqual(FLAGS.map((flag) => flag.key));
      for (const [flagKey, details] of Object.entries(all)) {
        expect(details).toStrictEqual(flags.evaluateFlag(flagKey, context));
      }
      expect(forced('slow', () => ({ ...flags.evaluateAll(context) }))).toStrictEqual({ ...all });
    }
    expect(flags.evaluateFlag('nothing', isPro)).toBeUndefined();
  });

  it('can be chosen by keys and by prefix', async () => {
    const flags = await client();
    const chosen = (selection: object) => Object.keys(flags.evaluateAll(isPro, selection));
    expect(chosen({ keys: ['on', 'theme', 'nothing'] })).toEqual(['on', 'theme']);
    expect(chosen({ prefix: 'gone' })).toEqual(['gone', 'gone-with-default']);
    expect(chosen({ keys: ['on', 'gone'], prefix: 'g' })).toEqual(['gone']);
    expect(chosen({ keys: [] })).toEqual([]);
  });

  it('answer from the next flag state after a change', async () => {
    const server = await serve({ snapshot: body([boolean('a', false), boolean('b', true)]) });
    const flags = await open(server);
    expect(flags.evaluateAll()['a']?.value).toBe(false);
    server.setSnapshot(body([boolean('c', true), boolean('a', true)], 2));
    await flags.refresh();
    const all = flags.evaluateAll();
    expect(Object.keys(all)).toEqual(['c', 'a']);
    expect(all['a']?.value).toBe(true);
    expect(flags.getBooleanValue('a', false)).toBe(true);
    expect(flags.getBooleanDetails('b', true).errorCode).toBe('FLAG_NOT_FOUND');
  });

  it('are there as soon as a namespace has any', async () => {
    const server = await serve({ snapshot: body([]) });
    const flags = await open(server);
    expect(flags.evaluateAll()).toEqual({});
    server.setSnapshot(body([boolean('a')], 2));
    await flags.refresh();
    expect(Object.keys(flags.evaluateAll())).toEqual(['a']);
    await flags.close();
    expect(flags.evaluateAll()).toEqual({});
  });

  it('of a large namespace, with long values, are answered', async () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      boolean(`flag-${index}`, false, [
        segmentRollout(true, segment(`s${index}`, [constraint(`key${index % 50}`, 'eq', 'é')])),
      ]),
    );
    const server = await serve({ snapshot: body(many) });
    const flags = await open(server);
    const context = { targetingKey: 'x'.repeat(500), key7: 'é' };
    const on = Object.values(flags.evaluateAll(context)).filter(({ value }) => value === true);
    expect(on).toHaveLength(60);
    const huge = { ...context, key8: 'y'.repeat(2_000_000) };
    expect(Object.keys(flags.evaluateAll(huge))).toHaveLength(3000);
  });

  it('are named, also those with keys that objects have by nature', async () => {
    const keys = ['__proto__', 'constructor', 'toString'];
    const server = await serve({ snapshot: body(keys.map((key) => boolean(key))) });
    const flags = await open(server);
    expect(flags.getAllFlagKeys()).toEqual(keys);
    expect(Object.keys(flags.evaluateAll())).toEqual(keys);
    expect(flags.getBooleanValue('__proto__', false)).toBe(true);
    expect(flags.hasFlag('constructor')).toBe(true);
    expect(flags.hasFlag('valueOf')).toBe(false);
  });
});

describe('staleness', () => {
  it('is told with the value, in every way to it', async () => {
    const server = await serve({ snapshot: body(FLAGS) });
    const flags = await FliptClient.init({
      url: server.url,
      updateInterval: 0.02,
      staleAfterMs: 60,
      retry: { maxRetries: 0 },
    });
    server.setBehaviour({ name: 'status', status: 503 });
    await new Promise<void>((resolve) => flags.once('stale', resolve));
    expect(flags.getBooleanDetails('on', false).stale).toBe(true);
    expect(flags.getBooleanDetails('nothing', false).stale).toBe(true);
    expect(flags.evaluateAll()['on']?.stale).toBe(true);
    expect(forced('slow', () => flags.getBooleanDetails('on', false).stale)).toBe(true);
    server.setBehaviour('serve');
    await new Promise<void>((resolve) => flags.once('recovered', resolve));
    expect(flags.getBooleanDetails('on', false).stale).toBe(false);
    await flags.close();
  });
});
