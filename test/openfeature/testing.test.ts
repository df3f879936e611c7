import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { describe, expect, it, onTestFinished } from 'vitest';
import { entryPoint } from '../support/sdk.ts';
import { FliptProvider, Listening } from './support.ts';

const { createTestClient } = entryPoint<typeof import('../../src/testing/index.ts')>('testing.js');

async function ready() {
  const client = createTestClient({ flags: { banner: true, limit: 5, theme: { dark: true } } });
  onTestFinished(async () => {
    await OpenFeature.clearProviders();
    await client.close();
  });
  await OpenFeature.setProviderAndWait(new FliptProvider(client));
  return { client, flags: OpenFeature.getClient() };
}

describe('a client for tests behind the provider', () => {
  it('gives its values', async () => {
    const { flags } = await ready();
    expect(await flags.getBooleanDetails('banner', false)).toMatchObject({
      value: true,
      reason: 'STATIC',
      flagMetadata: { flagSetId: 'default/default' },
    });
    expect(await flags.getNumberValue('limit', 1)).toBe(5);
    expect(await flags.getObjectDetails('theme', {})).toMatchObject({
      value: { dark: true },
      flagMetadata: { attachment: '{"dark":true}' },
    });
    expect(await flags.getStringDetails('none', 'x')).toMatchObject({
      value: 'x',
      errorCode: 'FLAG_NOT_FOUND',
    });
  });

  it('changes as flags in production do', async () => {
    const { client, flags } = await ready();
    const listening = new Listening(flags);
    await new Promise((resolve) => setImmediate(resolve));
    client.setTestValue('banner', false);
    expect(listening.events).toEqual([ProviderEvents.Ready, ProviderEvents.ConfigurationChanged]);
    expect(listening.heard[1]?.details).toMatchObject({ flagsChanged: ['banner'] });
    expect(await flags.getBooleanValue('banner', true)).toBe(false);
  });

  it('records what was asked, and has its flags of a scope', async () => {
    const { client, flags } = await ready();
    const value = await client.testing.overrideFlags({ limit: 9 }, () =>
      flags.getNumberValue('limit', 1, { targetingKey: 'ada' }),
    );
    expect(value).toBe(9);
    expect(await flags.getNumberValue('none', 3)).toBe(3);
    expect(client.testing.evaluations).toMatchObject([
      { flagKey: 'limit', value: 9, defaultValue: 1, context: { targetingKey: 'ada' } },
      { flagKey: 'none', value: 3, errorCode: 'FLAG_NOT_FOUND' },
    ]);
  });
});
