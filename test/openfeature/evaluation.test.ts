import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ErrorCode, type JsonValue, OpenFeature, ProviderStatus } from '@openfeature/server-sdk';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failureOf } from '../support/harness.ts';
import { internals } from '../support/sdk.ts';
import {
  DIGEST,
  detailsOf,
  FLAG_SET,
  FliptProvider,
  onServer,
  serveFlags,
  stable,
  type TypeName,
} from './support.ts';

const { counters, forcePath } = internals;

const template = { showImages: true, title: 'Check out these pics!', imagesPerPage: 100 };

/** A flag, the type it is asked for, and the default. */
type Question = [type: TypeName, key: string, defaultValue: JsonValue];

const everyType: Question[] = [
  ['boolean', 'boolean-flag', false],
  ['string', 'string-flag', 'bye'],
  ['number', 'integer-flag', 1],
  ['number', 'float-flag', 0.1],
  ['object', 'object-flag', { a: 1 }],
];

const targetedZero: [...Question, zero: JsonValue][] = [
  ['boolean', 'boolean-targeted-zero-flag', true, false],
  ['number', 'integer-targeted-zero-flag', 1, 0],
  ['number', 'float-targeted-zero-flag', 0.1, 0],
  ['object', 'object-targeted-zero-flag', { a: 1 }, {}],
];

describe('a flag with one value', () => {
  it.each<[...Question, value: JsonValue, variant: string | undefined]>([
    ['boolean', 'boolean-flag', false, true, undefined],
    ['string', 'string-flag', 'bye', 'hi', 'hi'],
    ['number', 'integer-flag', 1, 10, 'ten'],
    ['number', 'float-flag', 0.1, 0.5, 'half'],
    ['object', 'object-flag', {}, template, 'template'],
    ['object', 'object-flag', null, template, 'template'],
  ])('gives its %s: %s, default %j', async (type, key, defaultValue, value, variant) => {
    const { flags } = await stable();
    const details = await detailsOf(flags, type, key, defaultValue);
    expect(details).toMatchObject({ flagKey: key, value, reason: 'STATIC' });
    expect(details.variant).toBe(variant);
    expect(details.errorCode).toBeUndefined();
  });

  it.each<[...Question, zero: JsonValue]>([
    ['boolean', 'boolean-zero-flag', true, false],
    ['number', 'integer-zero-flag', 1, 0],
    ['number', 'float-zero-flag', 0.1, 0],
    ['object', 'object-zero-flag', { a: 1 }, {}],
  ])('gives its %s also where that is nothing: %s', async (type, key, defaultValue, value) => {
    const { flags } = await stable();
    expect(await detailsOf(flags, type, key, defaultValue)).toMatchObject({
      value,
      reason: 'STATIC',
    });
  });
});

describe('a flag with targeting', () => {
  it.each(targetedZero)('gives what was targeted: %s %s', async (type, key, fallback, value) => {
    const { flags } = await stable();
    const details = await detailsOf(flags, type, key, fallback, { email: 'ballmer@macrosoft.com' });
    expect(details).toMatchObject({
      value,
      reason: 'TARGETING_MATCH',
      flagMetadata: { segments: 'ballmer' },
    });
  });

  it.each(
    targetedZero.flatMap(([type, key, fallback, value]) =>
      [{ email: 'ballmer@none.com' }, {}, { email: null }, undefined].map(
        (context) => [type, key, context, fallback, value] as const,
      ),
    ),
  )('falls back where nothing matches: %s %s %j', async (type, key, context, fallback, value) => {
    const { flags } = await stable();
    const details = await detailsOf(flags, type, key, fallback, context);
    expect(details).toMatchObject({ value, reason: 'DEFAULT' });
    expect(details.flagMetadata).not.toHaveProperty('segments');
  });

  it.each([
    [{ fn: 'Sulisław', ln: 'Świętopełk', age: 29, customer: 'false' }, 'INTERNAL'],
    [{ email: 'ballmer@macrosoft.com', role: 'admin', age: 65, customer: false }, 'INTERNAL'],
    [{ customer: true }, 'EXTERNAL'],
    [{}, 'EXTERNAL'],
  ])('sees several attributes: %j', async (context, value) => {
    const { flags } = await stable();
    const details = await flags.getStringDetails('context-aware', 'none', context);
    expect(details).toMatchObject({ value, variant: value });
    expect(details.reason).toBe(value === 'INTERNAL' ? 'TARGETING_MATCH' : 'DEFAULT');
  });

  it('gives the default of the caller where it has none of its own', async () => {
    const { flags } = await stable();
    const key = 'no-default-flag-undefined-targeting-variant';
    expect(await flags.getStringDetails(key, 'CTO', { email: 'jobs@orange.com' })).toMatchObject({
      value: 'CEO',
      reason: 'TARGETING_MATCH',
    });
    const details = await flags.getStringDetails(key, 'CTO', { email: 'ballmer@none.com' });
    expect(details).toMatchObject({ value: 'CTO', reason: 'DEFAULT' });
    expect(details.variant).toBeUndefined();
  });

  it('splits by the targeting key, and cannot without one', async () => {
    const { flags } = await stable();
    const values = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        flags.getBooleanDetails('split-flag', false, { targetingKey: `user-${index}` }),
      ),
    );
    expect(new Set(values.map(({ reason }) => reason))).toContain('SPLIT');
    expect(new Set(values.map(({ value }) => value)).size).toBe(2);
    expect(await flags.getBooleanDetails('split-flag', true, { plan: 'pro' })).toMatchObject({
      value: true,
      reason: 'ERROR',
      errorCode: ErrorCode.TARGETING_KEY_MISSING,
      errorMessage: expect.stringContaining('targetingKey'),
    });
  });
});

describe('a disabled flag', () => {
  it.each<Question>([
    ['string', 'string-disabled-flag', 'bye'],
    ['number', 'string-disabled-flag', 4],
    ['object', 'string-disabled-flag', { a: 1 }],
  ])('gives the default of the caller: %s', async (type, key, value) => {
    const { flags } = await stable();
    const details = await detailsOf(flags, type, key, value);
    expect(details).toMatchObject({ value, reason: 'DISABLED' });
    expect(details.errorCode).toBeUndefined();
  });
});

describe('an error', () => {
  it.each(everyType)('of a flag that is not there: %s', async (type, _key, value) => {
    const { flags } = await stable();
    expect(await detailsOf(flags, type, 'non-existent-flag', value)).toMatchObject({
      flagKey: 'non-existent-flag',
      value,
      reason: 'ERROR',
      errorCode: ErrorCode.FLAG_NOT_FOUND,
      errorMessage: expect.stringContaining('non-existent-flag'),
    });
  });

  it.each<Question>([
    ['string', 'boolean-flag', 'bye'],
    ['number', 'boolean-flag', 1],
    ['object', 'boolean-flag', {}],
    ['boolean', 'string-flag', false],
    ['number', 'string-flag', 0.1],
    ['object', 'string-flag', {}],
    ['number', 'wrong-flag', 13],
    // Also where the right type would need to know for whom.
    ['string', 'split-flag', 'x'],
    ['object', 'integer-flag', {}],
    ['number', 'object-flag', 1],
  ])('of another type: %s of %s', async (type, key, value) => {
    const { flags } = await stable();
    const details = await detailsOf(flags, type, key, value);
    expect(details).toMatchObject({ value, reason: 'ERROR', errorCode: ErrorCode.TYPE_MISMATCH });
    expect(details.errorMessage).toContain(key);
    expect(details.variant).toBeUndefined();
  });

  it.each<Question>([
    ['boolean', '', true],
    ['string', '  ', 'bye'],
  ])('of a key that is blank: %s %j', async (type, key, value) => {
    const { flags } = await stable();
    expect(await detailsOf(flags, type, key, value)).toMatchObject({
      value,
      errorCode: ErrorCode.GENERAL,
    });
  });

  it.each(everyType)('of a provider that is not ready: %s', async (type, key, value) => {
    const server = await serveFlags({ behaviour: 'neverAnswers' });
    OpenFeature.setProvider(new FliptProvider(onServer(server)));
    await server.waitForRequests(1);
    const flags = OpenFeature.getClient();
    expect(await detailsOf(flags, type, key, value)).toMatchObject({
      value,
      reason: 'ERROR',
      errorCode: ErrorCode.PROVIDER_NOT_READY,
    });
    expect(flags.providerStatus).toBe(ProviderStatus.NOT_READY);
    // Also where nobody keeps the status of the provider.
    const provider = new FliptProvider(onServer(server));
    expect(await provider.resolveBooleanEvaluation('boolean-flag', true, {})).toEqual({
      value: true,
      reason: 'ERROR',
      errorCode: ErrorCode.PROVIDER_NOT_READY,
      errorMessage: 'the provider is not initialised',
    });
  });

  it.each(everyType)('of a provider that the server refuses: %s', async (type, key, value) => {
    const server = await serveFlags({ token: 'good' });
    const provider = new FliptProvider(
      onServer(server, { authentication: { clientToken: 'bad' } }),
    );
    await failureOf(OpenFeature.setProviderAndWait(provider));
    const flags = OpenFeature.getClient();
    expect(await detailsOf(flags, type, key, value)).toMatchObject({
      value,
      reason: 'ERROR',
      errorCode: ErrorCode.PROVIDER_FATAL,
    });
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
  });

  it.each(everyType)('of a provider that could not start: %s', async (type, key, value) => {
    const server = await serveFlags({ behaviour: { name: 'status', status: 503 } });
    await failureOf(OpenFeature.setProviderAndWait(new FliptProvider(onServer(server))));
    const flags = OpenFeature.getClient();
    expect(await detailsOf(flags, type, key, value)).toMatchObject({
      value,
      reason: 'ERROR',
      errorCode: ErrorCode.PROVIDER_NOT_READY,
    });
    expect(flags.providerStatus).toBe(ProviderStatus.ERROR);
  });
});

describe('metadata', () => {
  it('names flag set, version, segments and attachment', async () => {
    const { flags } = await stable();
    const context = { email: 'jobs@orange.com', customer: false };
    const both = await flags.getObjectDetails('both-segments-flag', {}, context);
    expect(both.flagMetadata).toEqual({
      flagSetId: FLAG_SET,
      version: DIGEST,
      segments: 'jobs,internal',
      attachment: '{"of":"them"}',
    });
    const one = await flags.getStringDetails('both-segments-flag', '', { customer: false });
    expect(one.flagMetadata).toMatchObject({ segments: 'internal' });
    const again = await flags.getObjectDetails('both-segments-flag', {}, context);
    expect(again).toEqual(both);
  });

  it('is told with errors, too, and leaves out what there is not', async () => {
    const { flags } = await stable();
    const missing = await flags.getBooleanDetails('missing-flag', true);
    expect(missing.flagMetadata).toEqual({ flagSetId: FLAG_SET, version: DIGEST });
    const plain = await flags.getStringDetails('string-flag', '');
    expect(plain.flagMetadata).toEqual({ flagSetId: FLAG_SET, version: DIGEST });
  });

  it('is the same on the slow path', async () => {
    const { flags } = await stable();
    const context = { email: 'jobs@orange.com', customer: false };
    const fast = await flags.getObjectDetails('both-segments-flag', {}, context);
    const before = counters.slow;
    forcePath('slow');
    onTestFinished(() => forcePath(undefined));
    const slow = await flags.getObjectDetails('both-segments-flag', {}, context);
    expect(counters.slow).toBe(before + 1);
    expect(slow).toEqual(fast);
  });

  it('names another environment and the digest of another flag state', async () => {
    const server = await serveFlags({ environments: ['default', 'staging'] });
    const { provider, flags } = await stable({ environment: 'staging' }, server);
    const version = '2'.padStart(40, '0');
    const state = JSON.parse(readFileSync(join(import.meta.dirname, 'namespace.json'), 'utf8'));
    server.setSnapshot({ ...state, digest: version });
    await provider.client?.refresh();
    const { flagMetadata } = await flags.getStringDetails('string-flag', '');
    expect(flagMetadata).toEqual({ flagSetId: 'staging/openfeature', version });
  });
});

describe('the answer', () => {
  it('is an object of its own each time, whose structure nobody can change', async () => {
    const { flags } = await stable();
    const context = Object.freeze({ email: 'jobs@orange.com' });
    const [first, second] = await Promise.all([
      flags.getObjectDetails('object-flag', {}, context),
      flags.getObjectDetails('object-flag', {}, context),
    ]);
    expect(first).toEqual(second);
    expect(first).not.toBe(second);
    expect(Object.isFrozen(first.value)).toBe(true);
    expect(Object.isFrozen(first.flagMetadata)).toBe(true);
    expect(context).toEqual({ email: 'jobs@orange.com' });
  });

  it('equals what the client gives', async () => {
    const { provider, flags } = await stable();
    for (const [type, key, fallback] of everyType) {
      const { value, reason } = await detailsOf(flags, type, key, fallback);
      const ours = provider.client?.variationDetail(key, {}, fallback);
      expect({ value, reason }).toEqual({ value: ours?.value, reason: ours?.reason });
    }
  });
});

interface Row {
  what: string;
  evaluated?: {
    type: TypeName;
    key: string;
    default: JsonValue;
    gives: object;
    lacks?: string;
  };
}

const rows: Row[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'inexpressible.json'), 'utf8'),
);

describe('what Flipt cannot express', () => {
  it.each(rows.flatMap(({ what, evaluated }) => (evaluated ? [{ what, evaluated }] : [])))(
    '$what: is answered as the table says',
    async ({ evaluated: { type, key, default: defaultValue, gives, lacks } }) => {
      const { flags } = await stable();
      const first = await detailsOf(flags, type, key, defaultValue);
      const second = await detailsOf(flags, type, key, defaultValue);
      expect(first).toMatchObject(gives);
      expect(second).toEqual(first);
      if (lacks !== undefined) {
        expect(first).not.toHaveProperty(lacks);
      }
      if ('flagMetadata' in gives) {
        expect(first.flagMetadata).toEqual(gives.flagMetadata);
      }
    },
  );

  it('tracking: the SDK does nothing', async () => {
    const { provider, flags, server } = await stable();
    const { length } = server.requests;
    flags.track('bought', {}, { value: 3 });
    expect('track' in provider).toBe(false);
    expect(server.requests).toHaveLength(length);
  });
});
