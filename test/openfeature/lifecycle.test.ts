import {
  type ErrorCode,
  OpenFeature,
  ProviderEvents,
  ProviderStatus,
} from '@openfeature/server-sdk';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failureOf, open } from '../support/harness.ts';
import { entryPoint, FliptClient, FliptError } from '../support/sdk.ts';
import { FLAG_SET, FliptProvider, NAMESPACE, onServer, serveFlags, stable } from './support.ts';

const unavailable = { name: 'status', status: 503 } as const;

/** Waits for a promise that a test does not expect to hang. */
const settledOf = (promise: Promise<unknown>) => promise.then(() => 'resolved');

describe('a provider', () => {
  it('says what it is', async () => {
    const provider = new FliptProvider();
    expect(provider.metadata).toEqual({ name: 'flipt-native' });
    expect(provider.runsOn).toBe('server');
    expect(provider.hooks).toEqual([]);
    expect(provider.client).toBeUndefined();
    expect(Object.keys(entryPoint<object>('openfeature.js'))).toEqual(['FliptProvider']);
    const { flags } = await stable();
    expect(flags.metadata.providerMetadata.name).toBe('flipt-native');
  });

  it('of options opens its client with initialize and closes it with onClose', async () => {
    const { provider, flags, server } = await stable();
    const { client } = provider;
    expect(client?.isReady).toBe(true);
    expect(server.requests).toHaveLength(1);
    expect(await flags.getBooleanValue('boolean-flag', false)).toBe(true);
    await OpenFeature.close();
    expect(client?.isClosed).toBe(true);
    expect(provider.client).toBeUndefined();
    await server.waitForConnections(0);
    expect(await provider.resolveBooleanEvaluation('boolean-flag', false, {})).toMatchObject({
      value: false,
      errorCode: 'PROVIDER_NOT_READY',
    });
  });

  it('of a client leaves it to its owner', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    const provider = new FliptProvider(client);
    expect(provider.client).toBe(client);
    await OpenFeature.setProviderAndWait(provider);
    expect(await OpenFeature.getClient().getStringValue('string-flag', 'bye')).toBe('hi');
    await OpenFeature.close();
    expect(client.isClosed).toBe(false);
    expect(client.getStringValue('string-flag', 'bye')).toBe('hi');
    expect(server.requests).toHaveLength(1);
  });

  it('of a handle on a shared client closes no other handle', async () => {
    const server = await serveFlags();
    const [first, second] = await Promise.all([
      FliptClient.shared(onServer(server)),
      FliptClient.shared(onServer(server)),
    ]);
    onTestFinished(async () => void (await Promise.all([first.close(), second.close()])));
    await OpenFeature.setProviderAndWait('one', new FliptProvider(first));
    await OpenFeature.setProviderAndWait('two', new FliptProvider(second));
    await first.close();
    const one = OpenFeature.getClient('one');
    expect(one.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await OpenFeature.getClient('two').getStringDetails('string-flag', '')).toMatchObject({
      value: 'hi',
      flagMetadata: { flagSetId: FLAG_SET },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('may be set again after it was closed', async () => {
    const { provider, flags, server } = await stable();
    await OpenFeature.clearProviders();
    await OpenFeature.setProviderAndWait(provider);
    expect(await flags.getBooleanValue('boolean-flag', false)).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  it('evaluates with the context of its client beneath that of the call', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    client.setContext({ customer: false });
    await OpenFeature.setProviderAndWait(new FliptProvider(client));
    const flags = OpenFeature.getClient();
    expect(await flags.getStringValue('context-aware', '')).toBe('INTERNAL');
    expect(await flags.getStringValue('context-aware', '', { customer: true })).toBe('EXTERNAL');
  });

  it('refuses a client of another copy', async () => {
    const foreign = { getBooleanValue: () => true, close: async () => {} };
    const error = await failureOf(() => new FliptProvider(foreign as never));
    expect(error).toMatchObject({ code: 'FLIPT_ARGUMENT_INVALID' });
    expect(String(error)).toContain('clientOrOptions');
  });
});

describe('initialize and onClose', () => {
  it('are shared by calls that overlap, and may be repeated', async () => {
    const server = await serveFlags();
    const provider = new FliptProvider(onServer(server));
    await Promise.all([provider.initialize(), provider.initialize()]);
    await provider.initialize();
    const { client } = provider;
    expect(server.requests).toHaveLength(1);
    await Promise.all([provider.onClose(), provider.onClose()]);
    await provider.onClose();
    expect(client?.isClosed).toBe(true);
  });

  it('one after the other, without waiting, end as the last of them says', async () => {
    const server = await serveFlags();
    const provider = new FliptProvider(onServer(server));
    const first = provider.initialize();
    const closing = provider.onClose();
    const second = provider.initialize();
    await closing;
    await failureOf(first);
    await second;
    expect(provider.client?.isReady).toBe(true);
    const last = provider.onClose();
    await last;
    expect(provider.client).toBeUndefined();
    await server.waitForConnections(0);
  });

  it('onClose ends a start at once', async () => {
    const server = await serveFlags({ behaviour: 'neverAnswers' });
    const provider = new FliptProvider(onServer(server, { initTimeoutMs: 3_600_000 }));
    const starting = provider.initialize();
    await server.waitForRequests(1);
    expect(await settledOf(provider.onClose())).toBe('resolved');
    expect(await failureOf(starting)).toMatchObject({ code: 'GENERAL' });
    await server.waitForConnections(0);
  });

  it('the signal among the options calls a start off, too', async () => {
    const server = await serveFlags({ behaviour: 'neverAnswers' });
    const controller = new AbortController();
    const { signal } = controller;
    const provider = new FliptProvider(onServer(server, { signal, initTimeoutMs: 3_600_000 }));
    const starting = provider.initialize();
    await server.waitForRequests(1);
    controller.abort(new Error('no more'));
    const error = (await failureOf(starting)) as Error;
    expect(error).toMatchObject({ code: 'GENERAL', cause: { code: 'FLIPT_INIT_ABORTED' } });
    expect(provider.client).toBeUndefined();
    await provider.onClose();
  });

  it('onClose without a start does nothing', async () => {
    expect(await settledOf(new FliptProvider().onClose())).toBe('resolved');
  });
});

describe('a start', () => {
  it('that the server refuses is fatal, until a credential works', async () => {
    const server = await serveFlags({ token: 'good' });
    const authentication = { clientToken: 'bad' };
    const provider = new FliptProvider(onServer(server, { authentication }));
    const error = (await failureOf(OpenFeature.setProviderAndWait(provider))) as Error;
    expect(error).toMatchObject({
      name: 'ProviderFatalError',
      code: 'PROVIDER_FATAL' satisfies `${ErrorCode}`,
      cause: { code: 'FLIPT_SERVER_UNAUTHENTICATED' },
    });
    expect(FliptError.is(error.cause)).toBe(true);
    expect(error.message).not.toContain('bad');
    const flags = OpenFeature.getClient();
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
    expect(await flags.getBooleanValue('boolean-flag', false)).toBe(false);

    const ready = new Promise((resolve) => flags.addHandler(ProviderEvents.Ready, resolve));
    await provider.client?.updateAuthentication({ clientToken: 'good' });
    await ready;
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
    expect(await flags.getBooleanDetails('boolean-flag', false)).toMatchObject({
      value: true,
      reason: 'STATIC',
    });
  });

  it('that a credential function mends by itself becomes ready', async () => {
    const server = await serveFlags({ token: 'good' });
    let token = 'bad';
    const provider = new FliptProvider(
      onServer(server, { updateInterval: 0.05, authentication: { clientToken: () => token } }),
    );
    await failureOf(OpenFeature.setProviderAndWait(provider));
    const flags = OpenFeature.getClient();
    const ready = new Promise((resolve) => flags.addHandler(ProviderEvents.Ready, resolve));
    expect(flags.providerStatus).toBe(ProviderStatus.FATAL);
    token = 'good';
    await ready;
    expect(await flags.getBooleanValue('boolean-flag', false)).toBe(true);
  });

  it('that fails otherwise is an error, until the server answers', async () => {
    const server = await serveFlags({ behaviour: unavailable });
    const provider = new FliptProvider(onServer(server));
    const error = await failureOf(OpenFeature.setProviderAndWait(provider));
    expect(error).toMatchObject({
      name: 'ProviderError',
      code: 'GENERAL',
      cause: { code: 'FLIPT_SERVER_FAILED' },
    });
    const flags = OpenFeature.getClient();
    expect(flags.providerStatus).toBe(ProviderStatus.ERROR);
    const ready = new Promise((resolve) => flags.addHandler(ProviderEvents.Ready, resolve));
    server.setBehaviour('serve');
    await provider.client?.refresh();
    await ready;
    expect(flags.providerStatus).toBe(ProviderStatus.READY);
    expect(await flags.getBooleanValue('boolean-flag', false)).toBe(true);
    await provider.initialize();
  });

  it('that nobody answers is an error after initTimeoutMs', async () => {
    const server = await serveFlags({ behaviour: 'neverAnswers' });
    const provider = new FliptProvider(onServer(server, { initTimeoutMs: 50 }));
    const error = await failureOf(OpenFeature.setProviderAndWait(provider));
    expect(error).toMatchObject({ code: 'GENERAL', message: 'no flag state has been loaded yet' });
  });

  it('of a given client without flag state fails as its own does', async () => {
    const server = await serveFlags({ token: 'good' });
    const options = { namespace: NAMESPACE, errorStrategy: 'fallback' } as const;
    const client = await open(server, options);
    const provider = new FliptProvider(client);
    const error = await failureOf(OpenFeature.setProviderAndWait(provider));
    expect(error).toMatchObject({ code: 'PROVIDER_FATAL' });
    const flags = OpenFeature.getClient();
    const ready = new Promise((resolve) => flags.addHandler(ProviderEvents.Ready, resolve));
    await client.updateAuthentication({ clientToken: 'good' });
    await ready;
    expect(await flags.getBooleanValue('boolean-flag', false)).toBe(true);
  });

  it('of a client that was closed is fatal', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    await client.close();
    const provider = new FliptProvider(client);
    expect(await failureOf(provider.initialize())).toMatchObject({
      code: 'PROVIDER_FATAL',
      message: 'the client was closed',
    });
  });

  it.each([
    ['names', { updateIntervall: 3 }],
    ['values', { updateInterval: -1 }],
    ['a signal', { signal: 'none' }],
    ['no object', 'http://localhost'],
    ['a list', []],
  ])('with options that cannot be used is fatal: %s', async (_what, options) => {
    const provider = new FliptProvider(options as never);
    expect(await failureOf(provider.initialize())).toMatchObject({
      code: 'PROVIDER_FATAL',
      cause: { code: 'FLIPT_OPTION_INVALID' },
    });
    expect(await failureOf(provider.initialize())).toMatchObject({ code: 'PROVIDER_FATAL' });
    await provider.onClose();
  });

  it('with a snapshot serves it while the server is away', async () => {
    const server = await serveFlags();
    const client = await open(server, { namespace: NAMESPACE });
    const snapshot = client.getSnapshot();
    await server.kill();
    const { flags } = await stable({ snapshot }, server);
    expect(await flags.getStringValue('string-flag', 'bye')).toBe('hi');
  });
});

describe('domains', () => {
  it('share one start and one client of a provider', async () => {
    const server = await serveFlags();
    const provider = new FliptProvider(onServer(server));
    await Promise.all([
      OpenFeature.setProviderAndWait('checkout', provider),
      OpenFeature.setProviderAndWait('search', provider),
      OpenFeature.setProviderAndWait(provider),
    ]);
    const { client } = provider;
    expect(server.requests).toHaveLength(1);
    for (const domain of ['checkout', 'search', undefined]) {
      const flags = domain === undefined ? OpenFeature.getClient() : OpenFeature.getClient(domain);
      expect(await flags.getStringValue('string-flag', 'bye')).toBe('hi');
      expect(flags.providerStatus).toBe(ProviderStatus.READY);
    }
    await OpenFeature.close();
    expect(client?.isClosed).toBe(true);
  });

  it('let go of a provider when the last of them has another', async () => {
    const server = await serveFlags();
    const provider = new FliptProvider(onServer(server));
    await OpenFeature.setProviderAndWait('checkout', provider);
    await OpenFeature.setProviderAndWait('search', provider);
    const { client } = provider;
    await OpenFeature.setProviderAndWait('checkout', new FliptProvider(onServer(server)));
    expect(client?.isClosed).toBe(false);
    expect(await OpenFeature.getClient('search').getStringValue('string-flag', '')).toBe('hi');
    await OpenFeature.setProviderAndWait('search', new FliptProvider(onServer(server)));
    expect(client?.isClosed).toBe(true);
    expect(await OpenFeature.getClient('search').getStringValue('string-flag', '')).toBe('hi');
  });

  it('may each have a provider of one client', async () => {
    const server = await serveFlags();
    const client = await FliptClient.init(onServer(server));
    onTestFinished(() => client.close());
    await OpenFeature.setProviderAndWait('one', new FliptProvider(client));
    await OpenFeature.setProviderAndWait('two', new FliptProvider(client));
    await OpenFeature.setProviderAndWait('one', new FliptProvider(client));
    for (const domain of ['one', 'two']) {
      expect(await OpenFeature.getClient(domain).getNumberValue('integer-flag', 1)).toBe(10);
    }
    expect(server.requests).toHaveLength(1);
  });
});
