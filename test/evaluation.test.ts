import { describe, expect, it } from 'vitest';
import { body, boolean, rule, segment, variant } from './support/flags.ts';
import { connected, failureOf, open, serve } from './support/harness.ts';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const CALLS = ['evaluateBoolean', 'evaluateVariant'] as const;
const premium = { plan: 'premium' };

describe('results', () => {
  it('a boolean result has the fields of the published package', async () => {
    const { client } = await connected();
    const before = Date.now();
    const result = client.evaluateBoolean({
      flagKey: 'checkout',
      entityId: 'ann',
      context: premium,
    });
    expect(result).toStrictEqual({
      enabled: true,
      flagKey: 'checkout',
      reason: 'MATCH_EVALUATION_REASON',
      requestDurationMillis: expect.any(Number),
      timestamp: expect.stringMatching(ISO),
      segmentKeys: ['premium'],
    });
    expect(Date.parse(result.timestamp)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(result.timestamp)).toBeLessThanOrEqual(Date.now());
    expect(result.requestDurationMillis).toBeGreaterThan(0);
  });

  it('a boolean flag that no rollout decides has its own value', async () => {
    const { client } = await connected();
    const result = client.evaluateBoolean({ flagKey: 'checkout', entityId: 'ann' });
    expect(result).toMatchObject({
      enabled: false,
      reason: 'DEFAULT_EVALUATION_REASON',
      segmentKeys: [],
    });
  });

  it('lists every segment that matched, in the order of the flag', async () => {
    const { client } = await connected();
    const context = { email: 'ann@shop.example', plan: 'premium' };
    const result = client.evaluateBoolean({ flagKey: 'checkout', entityId: 'ann', context });
    expect(result.segmentKeys).toEqual(['premium', 'staff']);
  });

  it('a variant result has the fields of the published package', async () => {
    const { client } = await connected();
    const result = client.evaluateVariant({ flagKey: 'colour', entityId: 'ann', context: premium });
    expect(result).toStrictEqual({
      match: true,
      segmentKeys: ['premium'],
      reason: 'MATCH_EVALUATION_REASON',
      flagKey: 'colour',
      variantKey: 'gold',
      variantAttachment: '{"hex":"#fd0"}',
      requestDurationMillis: expect.any(Number),
      timestamp: expect.stringMatching(ISO),
    });
  });

  it('variantAttachment is empty when no variant was chosen, and null as text when it has none', async () => {
    const { client } = await connected();
    const none = client.evaluateVariant({ flagKey: 'colour', entityId: 'ann' });
    expect(none).toMatchObject({
      match: false,
      reason: 'UNKNOWN_EVALUATION_REASON',
      variantKey: '',
      variantAttachment: '',
      segmentKeys: [],
    });
    const context = { email: 'bob@shop.example' };
    const bare = client.evaluateVariant({ flagKey: 'colour', entityId: 'ann', context });
    expect(bare).toMatchObject({ match: true, variantKey: 'red', variantAttachment: 'null' });
  });

  it('gives the default variant when no rule matches, and says when a flag is disabled', async () => {
    const { client } = await connected();
    expect(client.evaluateVariant({ flagKey: 'size', entityId: 'ann' })).toMatchObject({
      match: false,
      reason: 'DEFAULT_EVALUATION_REASON',
      variantKey: 'medium',
      variantAttachment: '{"cm":40}',
    });
    expect(
      client.evaluateVariant({ flagKey: 'old', entityId: 'ann', context: premium }),
    ).toMatchObject({
      match: false,
      reason: 'FLAG_DISABLED_EVALUATION_REASON',
    });
  });

  it('a batch has one item for each request, of its own type, in order', async () => {
    const { client } = await connected();
    const result = client.evaluateBatch([
      { flagKey: 'banner', entityId: 'ann' },
      { flagKey: 'colour', entityId: 'ann', context: premium },
      { flagKey: 'nope', entityId: 'ann' },
      { flagKey: 'banner', entityId: 'ann' },
    ]);
    expect(result).toStrictEqual({
      requestDurationMillis: expect.any(Number),
      responses: [
        {
          type: 'BOOLEAN_EVALUATION_RESPONSE_TYPE',
          booleanEvaluationResponse: expect.objectContaining({ flagKey: 'banner', enabled: false }),
        },
        {
          type: 'VARIANT_EVALUATION_RESPONSE_TYPE',
          variantEvaluationResponse: expect.objectContaining({
            flagKey: 'colour',
            variantKey: 'gold',
          }),
        },
        {
          type: 'ERROR_EVALUATION_RESPONSE_TYPE',
          errorEvaluationResponse: {
            flagKey: 'nope',
            namespaceKey: 'default',
            reason: 'NOT_FOUND_ERROR_EVALUATION_REASON',
          },
        },
        {
          type: 'BOOLEAN_EVALUATION_RESPONSE_TYPE',
          booleanEvaluationResponse: expect.objectContaining({ flagKey: 'banner' }),
        },
      ],
    });
    expect(client.evaluateBatch([])).toMatchObject({ responses: [] });
  });

  it('every result is a fresh object with its own segmentKeys', async () => {
    const { client } = await connected();
    const request = { flagKey: 'checkout', entityId: 'ann', context: premium };
    const first = client.evaluateBoolean(request);
    first.segmentKeys.push('spoiled');
    first.enabled = false;
    expect(client.evaluateBoolean(request)).toMatchObject({
      enabled: true,
      segmentKeys: ['premium'],
    });
  });

  it('listFlags gives key, enabled, type and description', async () => {
    const server = await serve({
      snapshot: body([
        boolean('described'),
        { key: 'plain', type: 'VARIANT_FLAG_TYPE', enabled: false },
      ]),
    });
    const client = await open(server);
    expect(client.listFlags()).toStrictEqual([
      {
        key: 'described',
        enabled: true,
        type: 'BOOLEAN_FLAG_TYPE',
        description: 'about described',
      },
      expect.objectContaining({ key: 'plain', enabled: false, type: 'VARIANT_FLAG_TYPE' }),
    ]);
  });

  it('getSnapshot is base64 of the portable form', async () => {
    const { client } = await connected();
    const snapshot = JSON.parse(Buffer.from(client.getSnapshot(), 'base64').toString());
    expect(snapshot).toMatchObject({ version: 1, namespace: { key: 'default' } });
    expect(Object.keys(snapshot.namespace)).toEqual(
      expect.arrayContaining(['key', 'flags', 'eval_rules', 'eval_rollouts', 'eval_distributions']),
    );
    expect(Object.keys(snapshot.namespace.flags).sort()).toEqual([
      'banner',
      'checkout',
      'colour',
      'old',
      'size',
    ]);
  });
});

describe('error messages that tests and users match', () => {
  const blanks = ['', ' ', '\t\n', '\u00a0', '\ufeff', '\u2003 \u2028'];

  it.each(blanks)('a blank flagKey (%j) is an empty one', async (flagKey) => {
    const { client } = await connected();
    for (const call of CALLS) {
      expect(await failureOf(() => client[call]({ flagKey, entityId: 'ann' }))).toMatchObject({
        name: 'ValidationError',
        code: 'FLIPT_ARGUMENT_INVALID',
        message: 'flagKey cannot be empty',
      });
    }
  });

  it.each(blanks)('a blank entityId (%j) is an empty one', async (entityId) => {
    const { client } = await connected();
    for (const call of CALLS) {
      expect(await failureOf(() => client[call]({ flagKey: 'banner', entityId }))).toMatchObject({
        name: 'ValidationError',
        code: 'FLIPT_ARGUMENT_INVALID',
        message: 'entityId cannot be empty',
      });
    }
  });

  it('U+0085 is not blank, because String.trim leaves it', async () => {
    const { client } = await connected();
    expect(client.evaluateBoolean({ flagKey: 'banner', entityId: '\u0085' }).enabled).toBe(false);
  });

  it('an unknown flag', async () => {
    const server = await serve({ namespace: 'team/a' });
    const client = await open(server, { namespace: 'team/a' });
    const error = await failureOf(() =>
      client.evaluateVariant({ flagKey: 'nope', entityId: 'ann' }),
    );
    expect(error).toMatchObject({ name: 'EvaluationError', code: 'FLIPT_FLAG_NOT_FOUND' });
    expect((error as Error).message).toMatch(
      /^invalid request: failed to get flag information [^/]+.*\/nope$/,
    );
  });

  it('a flag of the other type', async () => {
    const { client } = await connected();
    const mismatch = { name: 'EvaluationError', code: 'FLIPT_FLAG_TYPE_MISMATCH' };
    expect(
      await failureOf(() => client.evaluateBoolean({ flagKey: 'colour', entityId: 'a' })),
    ).toMatchObject({
      ...mismatch,
      message: 'invalid request: colour is not a boolean flag',
    });
    expect(
      await failureOf(() => client.evaluateVariant({ flagKey: 'banner', entityId: 'a' })),
    ).toMatchObject({
      ...mismatch,
      message: 'invalid request: banner is not a variant flag',
    });
  });
});

describe('bad arguments', () => {
  it.each([
    ['no request', undefined],
    ['null', null],
    ['a text', 'banner'],
  ])('%s instead of a request', async (_name, request) => {
    const { client } = await connected();
    for (const call of CALLS) {
      expect(await failureOf(() => client[call](request as never))).toMatchObject({
        name: 'ValidationError',
        code: 'FLIPT_ARGUMENT_INVALID',
        details: { problems: [{ field: 'request' }] },
      });
    }
  });

  it.each(['flagKey', 'entityId', 'context'])(
    'a request whose getter of %s throws',
    async (field) => {
      const { client } = await connected();
      const cause = new Error('not today');
      const request = Object.defineProperty({ flagKey: 'banner', entityId: 'ann' }, field, {
        get() {
          throw cause;
        },
      });
      for (const call of CALLS) {
        expect(await failureOf(() => client[call](request))).toMatchObject({
          name: 'ValidationError',
          code: 'FLIPT_ARGUMENT_INVALID',
          cause,
        });
      }
      expect(client.evaluateBatch([request, { flagKey: 'banner', entityId: 'ann' }])).toMatchObject(
        {
          responses: [{ errorEvaluationResponse: {} }, { booleanEvaluationResponse: {} }],
        },
      );
    },
  );

  it.each([7, null, {}, Symbol('x')])('a flagKey or entityId that is no text', async (value) => {
    const { client } = await connected();
    for (const request of [
      { flagKey: value, entityId: 'ann' },
      { flagKey: 'banner', entityId: value },
    ]) {
      expect(await failureOf(() => client.evaluateBoolean(request as never))).toMatchObject({
        name: 'ValidationError',
        code: 'FLIPT_ARGUMENT_INVALID',
      });
    }
  });

  it.each([undefined, null, {}, 'banner', 7])('a batch that is not an array', async (requests) => {
    const { client } = await connected();
    expect(await failureOf(() => client.evaluateBatch(requests as never))).toMatchObject({
      name: 'ValidationError',
      code: 'FLIPT_ARGUMENT_INVALID',
    });
  });
});

describe('flag state as servers really send it', () => {
  it('a flag without name is tolerated; a malformed one spoils only itself', async () => {
    const server = await serve({
      snapshot: body([
        { key: 'nameless', type: 'BOOLEAN_FLAG_TYPE', enabled: true },
        { key: 'broken', type: 'BOOLEAN_FLAG_TYPE', enabled: true, rollouts: 'none' },
        boolean('good'),
      ]),
    });
    const client = await open(server);
    expect(client.evaluateBoolean({ flagKey: 'nameless', entityId: 'a' }).enabled).toBe(true);
    expect(client.evaluateBoolean({ flagKey: 'good', entityId: 'a' }).enabled).toBe(true);
    expect(
      await failureOf(() => client.evaluateBoolean({ flagKey: 'broken', entityId: 'a' })),
    ).toMatchObject({
      name: 'EvaluationError',
      code: 'FLIPT_FLAG_INVALID',
    });
    expect(client.evaluateBatch([{ flagKey: 'broken', entityId: 'a' }])).toMatchObject({
      responses: [{ errorEvaluationResponse: { reason: 'UNKNOWN_ERROR_EVALUATION_REASON' } }],
    });
  });

  it('splits as the server does: v1 leaves a gap where v2 normalises', async () => {
    const half = variant('half', [
      {
        ...rule([segment('all', [])], 'gold'),
        distributions: [{ variantKey: 'gold', rollout: 50, variantAttachment: 'null' }],
      },
    ]);
    const matches = async (
      serverCompatibility: 'auto' | 'v1' | 'v2',
      digest: string | undefined,
    ) => {
      const server = await serve({ snapshot: { ...body([half]), digest } });
      const client = await open(server, { serverCompatibility });
      const entities = Array.from({ length: 200 }, (_, index) => `entity-${index}`);
      return entities.filter(
        (entityId) => client.evaluateVariant({ flagKey: 'half', entityId }).match,
      ).length;
    };
    expect(await matches('auto', body([]).digest)).toBe(200);
    const some = await matches('auto', undefined);
    expect(some).toBeGreaterThan(60);
    expect(some).toBeLessThan(140);
    expect(await matches('v1', body([]).digest)).toBe(some);
    expect(await matches('v2', undefined)).toBe(200);
  });
});
