import { describe, expect, it } from 'vitest';
import { body, boolean, constraint, onWhere, segment, segmentRollout } from './support/flags.ts';
import { failureOf, open, serve } from './support/harness.ts';
import type { FliptClient } from './support/sdk.ts';

const ENTITIES = ['call', 'scope', 'child', 'global', '42'];

/** A flag that is on for one entity alone, for each name: so that an evaluation tells whom it was for. */
const FLAGS = [
  ...ENTITIES.map((name) =>
    boolean(`is-${name}`, false, [
      segmentRollout(true, segment(name, [constraint('entityId', 'eq', name, 'ENTITY_ID')])),
    ]),
  ),
  onWhere('has-user-id', 'userId', 'eq', 'ann'),
  ...['a', 'b', 'c', 'd'].map((key) => onWhere(`reads-${key}`, key, 'notempty')),
  ...['call', 'scope', 'child', 'global'].map((value) => onWhere(`x-${value}`, 'x', 'eq', value)),
];

async function client() {
  return open(await serve({ snapshot: body(FLAGS) }));
}

interface Reads {
  getBooleanValue: FliptClient['getBooleanValue'];
}

/** Whom an evaluation is for. */
function whom(flags: Reads, context?: object): string | undefined {
  return ENTITIES.find((name) =>
    flags.getBooleanValue(`is-${name}`, false, context as Parameters<Reads['getBooleanValue']>[2]),
  );
}

/** Where the property `x` comes from. */
function layer(flags: Reads, context?: Record<string, string>): string | undefined {
  return ['call', 'scope', 'child', 'global'].find((value) =>
    flags.getBooleanValue(`x-${value}`, false, context),
  );
}

describe('the targeting key', () => {
  it.each([
    [{ targetingKey: 'call', entityId: 'child' }, 'call'],
    [{ entityId: 'call', userId: 'child' }, 'call'],
    [{ userId: 'call', user_id: 'child' }, 'call'],
    [{ user_id: 'call' }, 'call'],
    [{ targetingKey: ' ', userId: 'call' }, 'call'],
    [{ userId: 42 }, '42'],
    [{ userId: 42n }, '42'],
    [{ userId: null, user_id: true }, undefined],
    [Object.create({ targetingKey: 'call' }), undefined],
  ])('of %o', async (context, expected) => {
    expect(whom(await client(), context)).toBe(expected);
  });

  it('that another property stands in for leaves that property readable', async () => {
    const flags = await client();
    expect(flags.getBooleanValue('has-user-id', false, { userId: 'ann' })).toBe(true);
  });
});

describe('layers of context', () => {
  it('are looked through from the call to the client', async () => {
    const flags = await client();
    flags.setContext({ targetingKey: 'global', x: 'global', d: 1 });
    expect([whom(flags), layer(flags)]).toEqual(['global', 'global']);
    const child = flags.withContext({ entityId: 'child', x: 'child', c: 1 });
    expect([whom(child), layer(child)]).toEqual(['child', 'child']);
    flags.runWithContext({ userId: 'scope', x: 'scope', b: 1 }, () => {
      expect([whom(flags), layer(flags)]).toEqual(['scope', 'scope']);
      expect([whom(child), layer(child)]).toEqual(['scope', 'scope']);
      expect(whom(child, { user_id: 'call' })).toBe('call');
      expect(layer(child, { x: 'call' })).toBe('call');
      for (const key of ['a', 'b', 'c', 'd']) {
        expect(child.getBooleanValue(`reads-${key}`, false, { a: 'yes' })).toBe(true);
      }
      expect(flags.getBooleanValue('reads-c', false)).toBe(false);
      const all = child.evaluateAll({ x: 'call' }, { prefix: 'x-' });
      expect(all['x-call']?.value).toBe(true);
    });
    expect(whom(flags)).toBe('global');
    expect(whom(child.withContext({}))).toBe('child');
    expect(layer(child.withContext({ x: 'call' }))).toBe('call');
  });

  it.each([
    [{ targetingKey: undefined }],
    [{ targetingKey: '' }],
    [{ targetingKey: null }],
    [{ userId: undefined }],
  ])('that name nobody (%o) leave the entity of the layer below', async (nobody) => {
    const flags = await client();
    flags.setContext({ userId: 'global' });
    expect(whom(flags, nobody)).toBe('global');
    const child = flags.withContext({ targetingKey: 'child' });
    expect(whom(child, nobody)).toBe('child');
    flags.runWithContext({ targetingKey: 'scope' }, () => {
      expect(whom(child, nobody)).toBe('scope');
    });
  });

  it('of a scope hold over every await, and for no other', async () => {
    const flags = await client();
    const seen = await Promise.all(
      (['call', 'scope', 'child'] as const).map((name) =>
        flags.runWithContext({ targetingKey: name }, async () => {
          await new Promise(setImmediate);
          const nested = flags.runWithContext({ x: name }, () => [whom(flags), layer(flags)]);
          await null;
          return [...nested, whom(flags), layer(flags)];
        }),
      ),
    );
    expect(seen).toEqual(['call', 'scope', 'child'].map((name) => [name, name, name, undefined]));
    expect(whom(flags)).toBeUndefined();
  });

  it('do not change when the object does that they were made of', async () => {
    const flags = await client();
    const context = { targetingKey: 'child' };
    const child = flags.withContext(context);
    flags.setContext(context);
    context.targetingKey = 'call';
    expect([whom(child), whom(flags)]).toEqual(['child', 'global'].map(() => 'child'));
  });

  it('of a client are set, read, and forgotten', async () => {
    const flags = await client();
    expect(flags.getContext()).toEqual({});
    flags.setContext({ x: 'global', d: 1 });
    flags.identify('call', { x: 'call' });
    expect(flags.getContext()).toEqual({ x: 'call', d: 1, targetingKey: 'call' });
    expect([whom(flags), layer(flags)]).toEqual(['call', 'call']);
    flags.reset();
    expect([whom(flags), layer(flags)]).toEqual([undefined, 'global']);
    flags.identify('global');
    flags.clearContext();
    expect(flags.getContext()).toEqual({});
    expect([whom(flags), layer(flags)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['setContext', 'ann', 'context'],
    ['withContext', ['ann'], 'context'],
    ['runWithContext', null, 'context'],
    ['identify', ' ', 'targetingKey'],
  ] as const)('%s refuses %o', async (call, value, field) => {
    const flags = await client();
    const set = flags[call].bind(flags) as (...args: unknown[]) => unknown;
    expect(await failureOf(() => set(value, () => {}))).toMatchObject({
      code: 'FLIPT_ARGUMENT_INVALID',
      details: { problems: [expect.objectContaining({ field })] },
    });
  });
});

describe('the state of all flags', () => {
  it('goes through JSON and is read like a client', async () => {
    const { readFlagsState } = await import('../src/values/flags-state.ts');
    const flags = await client();
    const state = flags.allFlagsState({ targetingKey: 'call' }, { prefix: 'is-' });
    expect(state).toMatchObject({ version: 1, digest: expect.stringMatching(/^0+1$/) });
    const text = JSON.stringify(state);
    for (const read of [readFlagsState(state), readFlagsState(text)]) {
      expect(read.getBooleanValue('is-call', false)).toBe(true);
      expect(read.getBooleanValue('is-scope', true)).toBe(false);
      expect(read.getBooleanValue('reads-a', true)).toBe(true);
      expect(read.getStringValue('is-call', 'mine')).toBe('mine');
      expect(read.hasFlag('is-call')).toBe(true);
      expect(read.hasFlag('constructor')).toBe(false);
      expect(read.getAllFlagKeys()).toEqual(ENTITIES.map((name) => `is-${name}`).sort(byPlace));
    }
    expect(() => readFlagsState('{}')).toThrow('what allFlagsState returned');
  });
});

const order = FLAGS.map((flag) => flag.key);
const byPlace = (one: string, other: string) => order.indexOf(one) - order.indexOf(other);
