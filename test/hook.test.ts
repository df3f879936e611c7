import { describe, expect, it } from 'vitest';
import { connected, failureOf, Log, open, serve } from './support/harness.ts';
import type { ClientOptions } from './support/sdk.ts';

type Hook = NonNullable<ClientOptions['hook']>;
type Call = ['before', Parameters<Hook['before']>[0]] | ['after', Parameters<Hook['after']>[0]];

function recorder() {
  const calls: Call[] = [];
  const hook: Hook = {
    before: (data) => calls.push(['before', data]),
    after: (data) => calls.push(['after', data]),
  };
  return { calls, hook };
}

const premium = { plan: 'premium' };

describe('hook', () => {
  it('is called before and after a boolean evaluation', async () => {
    const { calls, hook } = recorder();
    const { client } = await connected({ hook });
    client.evaluateBoolean({ flagKey: 'checkout', entityId: 'ann', context: premium });
    expect(calls).toEqual([
      ['before', { flagKey: 'checkout' }],
      [
        'after',
        {
          flagKey: 'checkout',
          flagType: 'boolean',
          value: 'true',
          reason: 'MATCH_EVALUATION_REASON',
          segmentKeys: ['premium'],
        },
      ],
    ]);
  });

  it('is called before and after a variant evaluation', async () => {
    const { calls, hook } = recorder();
    const { client } = await connected({ hook });
    client.evaluateVariant({ flagKey: 'size', entityId: 'ann' });
    expect(calls).toEqual([
      ['before', { flagKey: 'size' }],
      [
        'after',
        {
          flagKey: 'size',
          flagType: 'variant',
          value: 'medium',
          reason: 'DEFAULT_EVALUATION_REASON',
          segmentKeys: [],
        },
      ],
    ]);
  });

  it('in a batch is called before for each request, then after for each success', async () => {
    const { calls, hook } = recorder();
    const { client } = await connected({ hook });
    client.evaluateBatch([
      { flagKey: 'banner', entityId: 'ann' },
      { flagKey: 'nope', entityId: 'ann' },
      { flagKey: 'colour', entityId: 'ann', context: premium },
    ]);
    expect(calls.map(([when, { flagKey }]) => `${when} ${flagKey}`)).toEqual([
      'before banner',
      'before nope',
      'before colour',
      'after banner',
      'after colour',
    ]);
    expect(calls[3]?.[1]).toMatchObject({ flagType: 'boolean', value: 'false' });
    expect(calls[4]?.[1]).toMatchObject({ flagType: 'variant', value: 'gold' });
  });

  it('before is called for a flag that does not exist, after is not', async () => {
    const { calls, hook } = recorder();
    const { client } = await connected({ hook });
    await failureOf(() => client.evaluateBoolean({ flagKey: 'nope', entityId: 'ann' }));
    expect(calls).toEqual([['before', { flagKey: 'nope' }]]);
  });

  it('is not called for unusable arguments nor after close', async () => {
    const { calls, hook } = recorder();
    const { client } = await connected({ hook });
    await failureOf(() => client.evaluateBoolean({ flagKey: ' ', entityId: 'ann' }));
    await failureOf(() => client.evaluateVariant({ flagKey: 'size', entityId: '' }));
    await client.close();
    await failureOf(() => client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }));
    await failureOf(() => client.evaluateBatch([{ flagKey: 'banner', entityId: 'ann' }]));
    expect(calls).toEqual([]);
  });

  it('keeps its own this', async () => {
    class Counting {
      count = 0;
      before() {
        this.count += 1;
      }
      after() {
        this.count += 1;
      }
    }
    const hook = new Counting();
    const { client } = await connected({ hook });
    client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' });
    expect(hook.count).toBe(2);
  });

  it('cannot change the answer through what it is given', async () => {
    const hook: Hook = {
      before() {},
      after(data) {
        data.segmentKeys.push('spoiled');
      },
    };
    const { client } = await connected({ hook });
    const request = { flagKey: 'checkout', entityId: 'ann', context: premium };
    expect(client.evaluateBoolean(request).segmentKeys).toEqual(['premium']);
  });

  it('a throwing hook.before does not break the evaluation; its errors go to the logger', async () => {
    const logger = new Log();
    let fails = true;
    const hook: Hook = {
      before() {
        if (fails) {
          throw new Error('no coffee');
        }
      },
      after() {
        if (fails) {
          throw Object.create(null);
        }
      },
    };
    const { client } = await connected({ hook, logger });
    const request = { flagKey: 'banner', entityId: 'ann' };
    expect(client.evaluateBoolean(request).enabled).toBe(false);
    expect(client.evaluateVariant({ ...request, flagKey: 'size' }).variantKey).toBe('medium');
    expect(client.evaluateBatch([request]).responses).toHaveLength(1);
    expect(logger.at('warn')).toEqual([
      expect.stringMatching(/hook\.before failed: .*no coffee/),
      expect.stringMatching(/hook\.after failed/),
    ]);
    expect(logger.at('debug').filter((text) => text.includes('hook.before'))).toHaveLength(2);
    fails = false;
    client.evaluateBoolean(request);
    fails = true;
    client.evaluateBoolean(request);
    expect(logger.at('warn')).toHaveLength(4);
  });

  it('a hook whose promise fails is reported, not left unhandled', async () => {
    const logger = new Log();
    const hook = {
      before: async () => {
        throw new Error('later');
      },
      after: async () => {},
    };
    const { client } = await connected({ hook, logger });
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(false);
    expect(await logger.waitFor('warn')).toMatch(/hook\.before failed: .*later/);
  });

  it('may call back into the client', async () => {
    const server = await serve();
    const seen: number[] = [];
    const hook: Hook = {
      before: () => seen.push(client.listFlags().length),
      after() {},
    };
    const client = await open(server, { hook });
    client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' });
    expect(seen).toEqual([5]);
  });
});
