import {
  FirstSuccessfulStrategy,
  InMemoryProvider,
  MultiProvider,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
} from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import { body, boolean, variant } from '../support/flags.ts';
import {
  changingFlag,
  FliptProvider,
  flagState,
  Listening,
  NAMESPACE,
  onServer,
  serveFlags,
  turns,
} from './support.ts';

const flag = (value: string) => ({
  variants: { only: value },
  defaultVariant: 'only',
  disabled: false,
});

/** Two namespaces and flags in memory, asked one after the other. */
async function several(strategy?: FirstSuccessfulStrategy) {
  const server = await serveFlags();
  const legacy = body([boolean('old-flag'), variant('string-flag', [])], 1, 'legacy');
  server.setSnapshot(legacy, { namespace: 'legacy' });
  const first = new FliptProvider(onServer(server));
  const second = new FliptProvider(onServer(server, { namespace: 'legacy' }));
  const memory = new InMemoryProvider({
    'string-flag': flag('from memory'),
    'memory-flag': flag('from memory'),
    'split-flag': flag('from memory'),
  });
  const provider = new MultiProvider(
    [
      { provider: first, name: 'first' },
      { provider: second, name: 'second' },
      { provider: memory },
    ],
    ...(strategy === undefined ? [] : [strategy]),
  );
  await OpenFeature.setProviderAndWait(provider);
  return { server, first, second, flags: OpenFeature.getClient() };
}

describe('among several providers', () => {
  it('the next one is asked about a flag that is not there, and about no other', async () => {
    const { flags } = await several();
    expect(await flags.getStringDetails('string-flag', '')).toMatchObject({
      value: 'hi',
      flagMetadata: { flagSetId: `default/${NAMESPACE}` },
    });
    expect(await flags.getBooleanDetails('old-flag', false)).toMatchObject({
      value: true,
      flagMetadata: { flagSetId: 'default/legacy' },
    });
    expect(await flags.getStringValue('memory-flag', '')).toBe('from memory');
    const missing = await flags.getStringDetails('nowhere', 'x');
    expect(missing).toMatchObject({ value: 'x', reason: 'ERROR' });
  });

  it('a flag that is there with an error ends the search', async () => {
    const { flags } = await several();
    expect(await flags.getNumberDetails('string-flag', 3)).toMatchObject({
      value: 3,
      reason: 'ERROR',
      errorMessage: expect.stringContaining('string-flag has no number value'),
    });
    expect(await flags.getStringValue('split-flag', 'default')).toBe('default');
  });

  it('a strategy that wants a success goes on after any error', async () => {
    const { flags } = await several(new FirstSuccessfulStrategy());
    expect(await flags.getStringValue('split-flag', 'default')).toBe('from memory');
  });

  it('events arrive once, and closing closes all', async () => {
    const { server, first, second, flags } = await several();
    const listening = new Listening(flags);
    server.setSnapshot(flagState(2, [changingFlag('after')]));
    await first.client?.refresh();
    await turns();
    expect(listening.events).toEqual([ProviderEvents.Ready, ProviderEvents.ConfigurationChanged]);
    server.removeNamespace();
    await first.client?.refresh();
    await turns();
    expect(listening.events.slice(2)).toEqual([ProviderEvents.Stale]);
    expect(flags.providerStatus).toBe(ProviderStatus.STALE);
    const clients = [first.client, second.client];
    await OpenFeature.close();
    expect(clients.map((client) => client?.isClosed)).toEqual([true, true]);
  });
});
