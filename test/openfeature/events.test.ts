import { OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import { failureOf, open } from '../support/harness.ts';
import {
  changingFlag,
  FliptProvider,
  flagState,
  Listening,
  NAMESPACE,
  onServer,
  serveFlags,
  stable,
  turns,
} from './support.ts';

const { Ready, Stale, Error: Failed, ConfigurationChanged } = ProviderEvents;

describe('the first transition is announced by the SDK alone', () => {
  it('READY, once, to handlers that were there before', async () => {
    const server = await serveFlags();
    const api = new Listening(OpenFeature);
    const client = new Listening(OpenFeature.getClient());
    const provider = new FliptProvider(onServer(server));
    await OpenFeature.setProviderAndWait(provider);
    await turns();
    expect(client.events).toEqual([Ready]);
    expect(api.events).toEqual([Ready]);
    expect(client.heard[0]?.details).toMatchObject({ providerName: 'flipt-native' });
  });

  it('READY, once, of a client that was ready before', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    const listening = new Listening(OpenFeature.getClient());
    await OpenFeature.setProviderAndWait(new FliptProvider(client));
    await turns();
    expect(listening.events).toEqual([Ready]);
  });

  it('READY, at once, to handlers that come later', async () => {
    const { flags } = await stable();
    const listening = new Listening(flags);
    expect(listening.events).toEqual([Ready]);
    await turns();
    expect(listening.events).toEqual([Ready]);
  });

  it.each([
    ['cannot be reached', { behaviour: { name: 'status', status: 503 } } as const],
    ['refuses the client', { token: 'good' }],
  ])('ERROR, once, where the server %s', async (_what, options) => {
    const server = await serveFlags(options);
    const listening = new Listening(OpenFeature.getClient());
    await failureOf(OpenFeature.setProviderAndWait(new FliptProvider(onServer(server))));
    await turns();
    expect(listening.events).toEqual([Failed]);
    expect(listening.heard[0]?.details?.message).toMatch(/\w/);
  });
});

describe('later transitions', () => {
  it('a change of flags names them, once', async () => {
    const { server, provider, flags } = await stable();
    const listening = new Listening(flags);
    server.setSnapshot(flagState(2, [changingFlag('after')]));
    await provider.client?.refresh();
    await turns();
    expect(listening.events).toEqual([Ready, ConfigurationChanged]);
    expect(listening.heard[1]?.details).toMatchObject({
      flagsChanged: ['changing-flag'],
      providerName: 'flipt-native',
    });
    expect(await flags.getStringValue('changing-flag', '')).toBe('after');
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
  });

  it('another flag state that answers the same is no change', async () => {
    const { server, provider, flags } = await stable();
    const listening = new Listening(flags);
    server.setSnapshot(flagState(2));
    await provider.client?.refresh();
    await turns();
    expect(listening.events).toEqual([Ready]);
  });

  it('a change comes by a stream, too', async () => {
    const { server, flags } = await stable({ fetchMode: 'streaming' });
    await server.waitForStreams(1);
    const listening = new Listening(flags);
    server.setSnapshot(flagState(2, [changingFlag('after')]));
    await listening.waitFor(2);
    expect(listening.events).toEqual([Ready, ConfigurationChanged]);
  });

  it('STALE and READY, once each, where the namespace goes and comes', async () => {
    const { server, provider, flags } = await stable();
    const listening = new Listening(flags);
    for (const round of [0, 1]) {
      server.removeNamespace();
      await provider.client?.refresh();
      await provider.client?.refresh();
      await turns();
      expect(flags.providerStatus).toBe(ProviderStatus.STALE);
      expect(listening.heard.at(-1)?.details?.message).toMatch(/not found|no such|404/i);
      expect(await flags.getStringValue('string-flag', 'bye')).toBe('hi');
      server.setSnapshot(flagState());
      await provider.client?.refresh();
      await provider.client?.refresh();
      await turns();
      expect(flags.providerStatus).toBe(ProviderStatus.READY);
      expect(listening.events.slice(1 + 2 * round)).toEqual([Stale, Ready]);
    }
  });

  it('STALE after a silence of the server, and READY when it is heard again', async () => {
    const { server, provider, flags } = await stable({ updateInterval: 0.05, staleAfterMs: 150 });
    const listening = new Listening(flags);
    server.pause();
    await listening.waitFor(2);
    expect(listening.events).toEqual([Ready, Stale]);
    server.resume();
    await provider.client?.reconnect();
    await listening.waitFor(3);
    expect(listening.events).toEqual([Ready, Stale, Ready]);
  });

  it('a failure that passes is none', async () => {
    const { server, provider, flags } = await stable();
    const listening = new Listening(flags);
    server.setBehaviour({ name: 'status', status: 503 });
    await provider.client?.refresh();
    expect(provider.client?.status.lastError).toBeDefined();
    server.setBehaviour('serve');
    await provider.client?.refresh();
    await turns();
    expect(listening.events).toEqual([Ready]);
  });

  it('ERROR where the server begins to refuse the client, and READY with another credential', async () => {
    const server = await serveFlags({ token: 'good' });
    const { provider, flags } = await stable({ authentication: { clientToken: 'good' } }, server);
    const listening = new Listening(flags);
    server.setAuthorizations(['Bearer better']);
    await provider.client?.refresh();
    await provider.client?.refresh();
    await turns();
    expect(listening.events).toEqual([Ready, Failed]);
    expect(flags.providerStatus).toBe(ProviderStatus.ERROR);
    expect(await flags.getStringValue('string-flag', 'bye')).toBe('hi');
    await provider.client?.updateAuthentication({ clientToken: 'better' });
    await listening.waitFor(3);
    expect(listening.events).toEqual([Ready, Failed, Ready]);
    expect(JSON.stringify(listening.heard)).not.toMatch(/good|better/);
  });

  it('ERROR, for good, where the owner closes the client', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    const provider = new FliptProvider(client);
    await OpenFeature.setProviderAndWait(provider);
    const flags = OpenFeature.getClient();
    const listening = new Listening(flags);
    await client.close();
    expect(listening.events).toEqual([Ready, Failed]);
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await flags.getBooleanDetails('boolean-flag', false)).toMatchObject({
      value: false,
      errorCode: 'PROVIDER_FATAL',
    });
    expect(await provider.resolveBooleanEvaluation('boolean-flag', false, {})).toMatchObject({
      value: false,
      errorCode: 'PROVIDER_FATAL',
    });
  });

  it('after an ERROR at the start: FATAL once the server refuses, READY once it does not', async () => {
    const server = await serveFlags({ token: 'good', behaviour: { name: 'status', status: 503 } });
    const listening = new Listening(OpenFeature.getClient());
    const authentication = { clientToken: 'bad' };
    const provider = new FliptProvider(onServer(server, { authentication }));
    await failureOf(OpenFeature.setProviderAndWait(provider));
    server.setBehaviour('serve');
    await provider.client?.refresh();
    await provider.client?.refresh();
    await turns();
    const flags = OpenFeature.getClient();
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
    expect(listening.events).toEqual([Failed, Failed]);
    expect(listening.heard[1]?.details).toMatchObject({ errorCode: 'PROVIDER_FATAL' });
    server.setBehaviour({ name: 'status', status: 503 });
    await provider.client?.refresh();
    await turns();
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
    server.setBehaviour('serve');
    await provider.client?.updateAuthentication({ clientToken: 'good' });
    await listening.waitFor(3);
    expect(listening.events).toEqual([Failed, Failed, Ready]);
    expect(await flags.getStringValue('string-flag', 'bye')).toBe('hi');
  });

  it('of a client that is stale from the start: READY, then STALE', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    server.removeNamespace();
    await failureOf(client.refresh());
    expect(client.status.stale).toBe(true);
    const listening = new Listening(OpenFeature.getClient());
    await OpenFeature.setProviderAndWait(new FliptProvider(client));
    await listening.waitFor(2);
    await turns();
    expect(listening.events).toEqual([Ready, Stale]);
    expect(OpenFeature.getClient().providerStatus).toBe(ProviderStatus.STALE);
  });

  it('are told to each domain once, with its name', async () => {
    const server = await serveFlags();
    const provider = new FliptProvider(onServer(server));
    const checkout = new Listening(OpenFeature.getClient('checkout'));
    const search = new Listening(OpenFeature.getClient('search'));
    await OpenFeature.setProviderAndWait('checkout', provider);
    await OpenFeature.setProviderAndWait('search', provider);
    server.setSnapshot(flagState(2, [changingFlag('after')]));
    await provider.client?.refresh();
    server.removeNamespace();
    await provider.client?.refresh();
    await turns();
    for (const [domain, listening] of Object.entries({ checkout, search })) {
      expect(listening.events).toEqual([Ready, ConfigurationChanged, Stale]);
      expect(listening.heard.map(({ details }) => details?.domain)).toEqual(Array(3).fill(domain));
    }
  });

  it('are not told after onClose', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    const provider = new FliptProvider(client);
    const events: string[] = [];
    for (const event of Object.values(ProviderEvents)) {
      provider.events.addHandler(event, () => void events.push(event));
    }
    await provider.initialize();
    await turns();
    await provider.onClose();
    server.setSnapshot(flagState(2, [changingFlag('after')]));
    await client.refresh();
    await client.close();
    await turns();
    expect(events).toEqual([]);
  });
});

describe('handlers of the provider itself', () => {
  const silent = () => {};

  it('are called in order, as often as they were added, and each for itself', async () => {
    const { events } = new FliptProvider();
    const calls: string[] = [];
    const errors: unknown[][] = [];
    const second = () => void calls.push('second');
    events.setLogger({
      debug: silent,
      info: silent,
      warn: silent,
      error: (...args) => void errors.push(args),
    });
    events.addHandler(Stale, () => {
      calls.push('first');
      throw new Error('first failed');
    });
    events.addHandler(Stale, second);
    events.addHandler(Stale, second);
    events.addHandler(Stale, async () => {
      throw new Error('third failed');
    });
    events.emit(Stale, { message: 'old' });
    events.removeHandler(Stale, second);
    events.removeHandler(Ready, second);
    events.emit(Stale);
    await turns();
    expect(calls).toEqual(['first', 'second', 'second', 'first', 'second']);
    expect(errors.flat().map(String).sort()).toEqual(
      ['first', 'first', 'third', 'third'].map(
        (which) => `a handler of the provider's events failed: Error: ${which} failed`,
      ),
    );
    expect(events.getHandlers(Stale)).toHaveLength(3);
  });

  it('are gone when all are removed', () => {
    const { events } = new FliptProvider();
    events.addHandler(Stale, silent);
    events.addHandler(Ready, silent);
    events.removeAllHandlers(Stale);
    expect(events.getHandlers(Stale)).toEqual([]);
    expect(events.getHandlers(Ready)).toEqual([silent]);
    events.removeAllHandlers();
    expect(events.getHandlers(Ready)).toEqual([]);
  });
});
