import {
  AsyncLocalStorageTransactionContextPropagator,
  type EvaluationContext,
  type Hook,
  OpenFeature,
} from '@openfeature/server-sdk';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { body, onWhere, variant } from '../support/flags.ts';
import { Log } from '../support/harness.ts';
import { FliptProvider, NAMESPACE, onServer, serveFlags } from './support.ts';

type Level = 'API' | 'Transaction' | 'Client' | 'Invocation' | 'Before Hooks';

const LEVELS: Level[] = ['API', 'Transaction', 'Client', 'Invocation', 'Before Hooks'];

beforeAll(() => {
  OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator());
});

/** Flags that are on where a level's own key arrived, and one whose value is the level that named `key` last. */
const flags = body(
  [
    ...LEVELS.map((level) => onWhere(`has ${level}`, level, 'eq', `${level} value`)),
    variant(
      'who-won',
      LEVELS.map((level, index) => ({
        id: level,
        rank: index + 1,
        segmentOperator: 'OR_SEGMENT_OPERATOR',
        segments: [
          {
            key: `from ${level}`,
            name: '',
            description: '',
            matchType: 'ALL_SEGMENT_MATCH_TYPE',
            constraints: [
              {
                type: 'STRING_CONSTRAINT_COMPARISON_TYPE',
                property: 'key',
                operator: 'eq',
                value: level,
              },
            ],
          },
        ],
        distributions: [{ variantKey: level, rollout: 100, variantAttachment: 'null' }],
      })),
    ),
    onWhere('is-user-456', 'targetingKey', 'eq', '456'),
    onWhere('is-entity', 'entityId', 'eq', 'user-123', 'ENTITY_ID'),
    onWhere('is-active', 'user_active', 'true', '', 'BOOLEAN'),
    onWhere('is-adult', 'user_age', 'gte', '18', 'NUMBER'),
    onWhere('is-example', 'user_email', 'suffix', '@example.com'),
    onWhere('is-early', 'since', 'lt', '2026-01-01T00:00:00Z', 'DATETIME'),
    onWhere('has-roles', 'roles', 'notempty'),
  ],
  1,
  NAMESPACE,
);

async function ready(log = new Log()) {
  const server = await serveFlags({ snapshot: flags });
  await OpenFeature.setProviderAndWait(new FliptProvider(onServer(server, { logger: log })));
  return { client: OpenFeature.getClient(), log };
}

/** Evaluates with an entry on each of the levels. */
async function withLevels<T>(
  entries: Partial<Record<Level, EvaluationContext>>,
  evaluate: (context: EvaluationContext | undefined, hooks: Hook[]) => Promise<T>,
): Promise<T> {
  OpenFeature.setContext(entries.API ?? {});
  const added = entries['Before Hooks'];
  const hooks: Hook[] = added === undefined ? [] : [{ before: () => added }];
  const run = () => evaluate(entries.Invocation, hooks);
  return new Promise<T>((resolve, reject) => {
    OpenFeature.setTransactionContext(entries.Transaction ?? {}, () => {
      run().then(resolve, reject);
    });
  });
}

describe('a context', () => {
  it.each(LEVELS)('reaches the flag from the level of %s', async (level) => {
    await ready();
    const entry = { [level]: `${level} value` };
    const client = OpenFeature.getClient(level === 'Client' ? entry : {});
    const isOn = await withLevels({ [level]: entry }, (context, hooks) =>
      client.getBooleanValue(`has ${level}`, false, context, { hooks }),
    );
    expect(isOn).toBe(true);
  });

  it('is merged from all levels', async () => {
    await ready();
    const entryOf = (level: Level) => ({ [level]: `${level} value` });
    const client = OpenFeature.getClient(entryOf('Client'));
    const entries = Object.fromEntries(LEVELS.map((level) => [level, entryOf(level)]));
    for (const level of LEVELS) {
      const isOn = await withLevels(entries, (context, hooks) =>
        client.getBooleanValue(`has ${level}`, false, context, { hooks }),
      );
      expect(isOn).toBe(true);
    }
  });

  it.each(LEVELS)('has the entry of the highest level: %s', async (highest) => {
    await ready();
    const used = LEVELS.slice(0, LEVELS.indexOf(highest) + 1);
    const entries = Object.fromEntries(used.map((level) => [level, { key: level }]));
    const client = OpenFeature.getClient(entries['Client'] ?? {});
    const value = await withLevels(entries, (context, hooks) =>
      client.getStringValue('who-won', 'nobody', context, { hooks }),
    );
    expect(value).toBe(highest);
  });

  it('of a transaction belongs to that transaction, also after it waited', async () => {
    const { client } = await ready();
    const values = await Promise.all(
      LEVELS.map((key) =>
        withLevels({ Transaction: { key } }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return client.getStringValue('who-won', 'nobody');
        }),
      ),
    );
    expect(values).toEqual(LEVELS);
    expect(await client.getStringValue('who-won', 'nobody')).toBe('nobody');
  });
});

describe('what a context holds', () => {
  it.each<[string, EvaluationContext]>([
    ['is-active', { user_active: true }],
    ['is-example', { user_email: 'user@example.com' }],
    ['is-adult', { user_age: 25 }],
    ['is-early', { since: new Date('2025-12-31T23:59:59Z') }],
    ['is-user-456', { targetingKey: '456' }],
    ['is-entity', { targetingKey: 'user-123' }],
  ])('is compared: %s', async (key, context) => {
    const { client } = await ready();
    expect(await client.getBooleanDetails(key, false, context)).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
    const other = { targetingKey: 'else' };
    expect(await client.getBooleanValue(key, true, other)).toBe(false);
  });

  it.each<[string, EvaluationContext]>([
    ['a list', { targetingKey: 'a', roles: ['admin'] }],
    ['a structure', { targetingKey: 'a', roles: { first: 'admin', since: new Date(0) } }],
  ])('is left out where it is %s, with one warning', async (_what, context) => {
    const { client, log } = await ready();
    for (let call = 0; call < 3; call++) {
      expect(await client.getBooleanDetails('has-roles', true, context)).toMatchObject({
        value: false,
        reason: 'DEFAULT',
      });
    }
    expect(log.at('warn')).toEqual([expect.stringContaining('context.roles')]);
  });

  it('may lack a targeting key where no flag needs one', async () => {
    const { client } = await ready();
    expect(await client.getBooleanDetails('is-adult', false, { user_age: 30 })).toMatchObject({
      value: true,
    });
    expect(await client.getBooleanDetails('is-entity', false, { user_age: 30 })).toMatchObject({
      value: false,
      errorCode: 'TARGETING_KEY_MISSING',
    });
  });

  it('stays as it is', async () => {
    const { client } = await ready();
    const context = { targetingKey: 'a', nested: { list: [1, 2] }, since: new Date(0) };
    const before = structuredClone(context);
    await client.getBooleanValue('is-early', false, context);
    expect(context).toEqual(before);
  });

  it('is the asynchronous scope of the Flipt client, too', async () => {
    const { client } = await ready();
    const provider = OpenFeature.getProvider() as FliptProvider;
    onTestFinished(() => provider.client?.clearContext());
    const inScope = await provider.client?.runWithContext({ key: 'Client' }, () =>
      client.getStringValue('who-won', 'nobody'),
    );
    expect(inScope).toBe('Client');
  });
});
