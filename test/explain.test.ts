import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connected, open, serve } from './support/harness.ts';

interface Recorded {
  kind: 'boolean' | 'variant';
  request: { flagKey: string; entityId: string; context: Record<string, string> };
}

const recording = (file: string) =>
  readFileSync(join(import.meta.dirname, 'conformance/demo', file), 'utf8');

describe('an explanation', () => {
  it('answers what evaluation answers, and names a rule exactly where one decided', async () => {
    const server = await serve({
      namespace: 'shop',
      snapshot: JSON.parse(recording('shop.snapshot.json')),
    });
    const client = await open(server, { namespace: 'shop' });
    const lines = recording('shop.cases.jsonl').split('\n').filter(Boolean);
    const cases = lines.map((line): Recorded => JSON.parse(line));
    expect(cases.length).toBeGreaterThan(20);
    for (const { kind, request } of cases) {
      const { flagKey, entityId, context } = request;
      const explanation = client.explain(flagKey, { ...context, targetingKey: entityId });
      const { timestamp, requestDurationMillis, ...evaluated } =
        kind === 'boolean' ? client.evaluateBoolean(request) : client.evaluateVariant(request);
      expect({ ...explanation.answer, flagKey }).toEqual({ ...evaluated, kind });
      const decided = explanation.rules.filter(({ outcome }) => outcome === 'matched');
      expect(decided.map(({ ruleId }) => ruleId)).toEqual(
        evaluated.reason === 'MATCH_EVALUATION_REASON' ? [explanation.decidedBy] : [],
      );
      const details = client.evaluateFlag(flagKey, { ...context, targetingKey: entityId });
      expect(explanation.decidedBy).toBe(details?.ruleId);
      expect(explanation).toMatchObject({ flagKey, entityId, namespaceKey: 'shop' });
      expect(explanation.digest).toBe(client.status.digest);
    }
  });

  it('tells each constraint with the value that was asked with', async () => {
    const { client } = await connected();
    const explanation = client.explain('checkout', { targetingKey: 'ann', plan: 7 });
    expect(explanation).toEqual({
      flagKey: 'checkout',
      entityId: 'ann',
      namespaceKey: 'default',
      digest: client.status.digest,
      type: 'BOOLEAN_FLAG_TYPE',
      enabled: false,
      arithmetic: 'v2',
      rules: [
        {
          ruleId: 'checkout#rollout-1',
          outcome: 'not matched',
          operator: 'OR',
          value: true,
          segments: [
            {
              key: 'premium',
              matchType: 'ALL',
              matched: false,
              constraints: [
                {
                  property: 'plan',
                  type: 'STRING_CONSTRAINT_COMPARISON_TYPE',
                  operator: 'eq',
                  value: 'premium',
                  actual: '7',
                  matched: false,
                },
              ],
            },
            {
              key: 'staff',
              matchType: 'ALL',
              matched: false,
              constraints: [
                {
                  property: 'email',
                  type: 'STRING_CONSTRAINT_COMPARISON_TYPE',
                  operator: 'suffix',
                  value: '@shop.example',
                  matched: false,
                },
              ],
            },
          ],
        },
      ],
      answer: {
        kind: 'boolean',
        enabled: false,
        reason: 'DEFAULT_EVALUATION_REASON',
        segmentKeys: [],
      },
    });
  });

  it.each([
    ['targetingKey', { targetingKey: 'a', entityId: 'b', userId: 'c' }, 'a'],
    ['entityId', { entityId: 'b', userId: 'c' }, 'b'],
    ['userId', { userId: 'c', user_id: 'd' }, 'c'],
    ['user_id', { user_id: 'd' }, 'd'],
    ['nothing', undefined, ''],
  ])('takes the entity from %s', async (_, context, entityId) => {
    const { client } = await connected();
    expect(client.explain('banner', context)).toMatchObject({ entityId });
  });

  it('knows what the contexts around the call say, and leaves out what cannot be compared', async () => {
    const { client } = await connected();
    client.setContext({ plan: 'free', targetingKey: 'all' });
    const child = client.withContext({ email: 'ann@shop.example', tags: ['a'] });
    const explanation = child.runWithContext({ plan: 'premium' }, () =>
      child.explain('checkout', { userId: 'ann' }),
    );
    expect(explanation).toMatchObject({
      entityId: 'ann',
      decidedBy: 'checkout#rollout-1',
      answer: { segmentKeys: ['premium', 'staff'] },
    });
  });

  it('never throws', async () => {
    const { client } = await connected();
    const codeOf = (flagKey: unknown, context?: unknown) => {
      const { answer } = client.explain(flagKey as string, context as undefined);
      return answer.kind === 'error' ? answer.code : answer.kind;
    };
    const throwing = {
      get plan() {
        throw new Error('no plan');
      },
    };
    expect(codeOf('nobody')).toBe('FLIPT_FLAG_NOT_FOUND');
    expect(codeOf(undefined)).toBe('FLIPT_ARGUMENT_INVALID');
    expect(codeOf('banner', throwing)).toBe('FLIPT_CONTEXT_INVALID');
    expect(codeOf('banner', 'ann')).toBe('FLIPT_CONTEXT_INVALID');
    await client.close();
    expect(codeOf('banner')).toBe('FLIPT_CLIENT_CLOSED');
  });
});
