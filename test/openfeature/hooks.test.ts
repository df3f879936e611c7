import {
  type EvaluationDetails,
  type FlagValue,
  type Hook,
  OpenFeature,
} from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import type { EvaluationHook } from '../../src/index.ts';
import { detailsOf, FliptProvider, onServer, serveFlags, stable } from './support.ts';

interface Call {
  readonly hook: string;
  readonly stage: 'before' | 'after' | 'error' | 'finally';
  readonly seen?: EvaluationDetails<FlagValue> | undefined;
  readonly error?: unknown;
}

/** A hook that writes down how it was called. */
function recording(calls: Call[], hook = 'hook'): Hook {
  return {
    before: () => void calls.push({ hook, stage: 'before' }),
    after: (_context, seen) => void calls.push({ hook, stage: 'after', seen }),
    error: (_context, error) => void calls.push({ hook, stage: 'error', error }),
    finally: (_context, seen) => void calls.push({ hook, stage: 'finally', seen }),
  };
}

const stagesOf = (calls: Call[]) => calls.map(({ stage }) => stage);

describe('hooks of a client', () => {
  it('are told the details of an evaluation', async () => {
    const { flags } = await stable();
    const calls: Call[] = [];
    flags.addHooks(recording(calls));
    await flags.getNumberDetails('integer-flag', 1);
    expect(stagesOf(calls)).toEqual(['before', 'after', 'finally']);
    for (const { seen } of calls.slice(1)) {
      expect(seen).toMatchObject({
        flagKey: 'integer-flag',
        value: 10,
        variant: 'ten',
        reason: 'STATIC',
      });
      expect(seen?.errorCode).toBeUndefined();
    }
  });

  it.each([
    ['missing-flag', 'number', 13, 'FLAG_NOT_FOUND', 'FlagNotFoundError'],
    ['wrong-flag', 'number', 13, 'TYPE_MISMATCH', 'TypeMismatchError'],
    ['split-flag', 'boolean', true, 'TARGETING_KEY_MISSING', 'TargetingKeyMissingError'],
  ] as const)('are told the error of %s', async (key, type, value, errorCode, name) => {
    const { flags } = await stable();
    const calls: Call[] = [];
    flags.addHooks(recording(calls));
    await detailsOf(flags, type, key, value);
    expect(stagesOf(calls)).toEqual(['before', 'error', 'finally']);
    expect(calls[1]?.error).toMatchObject({ name, code: errorCode });
    expect(calls[2]?.seen).toMatchObject({
      flagKey: key,
      value,
      reason: 'ERROR',
      errorCode,
    });
    expect(calls[2]?.seen?.variant).toBeUndefined();
  });
});

describe('hooks of every level', () => {
  it('run in their order, those of the provider innermost', async () => {
    const { provider, flags } = await stable();
    const calls: Call[] = [];
    OpenFeature.addHooks(recording(calls, 'api'));
    flags.addHooks(recording(calls, 'client'));
    provider.hooks.push(recording(calls, 'provider'));
    const hooks = [recording(calls, 'call')];
    await flags.getBooleanValue('boolean-flag', false, {}, { hooks });
    const order = ['api', 'client', 'call', 'provider'];
    const stage = (name: Call['stage']) =>
      calls.filter((call) => call.stage === name).map(({ hook }) => hook);
    expect(stage('before')).toEqual(order);
    expect(stage('after')).toEqual([...order].reverse());
    expect(stage('finally')).toEqual([...order].reverse());
  });

  it('see the name of the provider and the flag set', async () => {
    const { flags } = await stable();
    const seen: unknown[] = [];
    await flags.getStringValue(
      'string-flag',
      '',
      {},
      {
        hooks: [
          {
            finally: ({ providerMetadata }, { flagMetadata }) =>
              void seen.push(providerMetadata.name, flagMetadata['flagSetId']),
          },
        ],
      },
    );
    expect(seen).toEqual(['flipt-native', 'default/openfeature']);
  });
});

describe('hooks of the Flipt client', () => {
  it('are told of every evaluation once, and change no answer', async () => {
    const server = await serveFlags();
    const { flags: without } = await stable({}, server);
    const context = { targetingKey: 'ada', email: 'jobs@orange.com', customer: false };
    const expected = await without.getObjectDetails('both-segments-flag', {}, context);
    const seen: unknown[] = [];
    const told: EvaluationHook = {
      finally: ({ flagKey, kind, context: { email } }, { value, segmentKeys, errorCode }) =>
        void seen.push({ flagKey, kind, email, value, segmentKeys, errorCode }),
    };
    const { flags } = await stable({ hooks: [told] }, server);
    expect(await flags.getObjectDetails('both-segments-flag', {}, context)).toEqual(expected);
    expect(await flags.getNumberValue('missing-flag', 3)).toBe(3);
    expect(seen).toEqual([
      {
        flagKey: 'both-segments-flag',
        kind: 'object',
        email: 'jobs@orange.com',
        value: { of: 'them' },
        segmentKeys: ['jobs', 'internal'],
        errorCode: undefined,
      },
      {
        flagKey: 'missing-flag',
        kind: 'number',
        email: undefined,
        value: 3,
        segmentKeys: [],
        errorCode: 'FLAG_NOT_FOUND',
      },
    ]);
  });

  it('of the old kind see the raw evaluations alone', async () => {
    const server = await serveFlags();
    const seen: string[] = [];
    const hook = {
      before: ({ flagKey }: { flagKey: string }) => void seen.push(flagKey),
      after: () => {},
    };
    const provider = new FliptProvider(onServer(server, { hook }));
    await OpenFeature.setProviderAndWait(provider);
    await OpenFeature.getClient().getBooleanValue('boolean-flag', false);
    expect(seen).toEqual([]);
    provider.client?.evaluateBoolean({ flagKey: 'boolean-flag', entityId: 'a' });
    expect(seen).toEqual(['boolean-flag']);
  });
});
