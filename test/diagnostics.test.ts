import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { shop } from './support/flags.ts';
import { connected, failureOf, open, quiet, serve } from './support/harness.ts';
import { FliptClient, FliptError, internals } from './support/sdk.ts';

const { Inbox } = internals;
const { forcePath } = internals;
const premium = { targetingKey: 'ann', plan: 'premium' };
const unavailable = { name: 'status', status: 503 } as const;
const SYNC = ['ready', 'status', 'stale', 'recovered', 'error', 'closed'];

afterEach(() => forcePath(undefined));

type Message = Record<string, unknown>;

/** Remembers the messages of a channel, and can be waited for. */
class Subscription {
  readonly messages: Message[] = [];
  readonly #channel: string;
  #waiters: (() => void)[] = [];
  readonly #note = (message: unknown): void => {
    this.messages.push(message as Message);
    for (const resolve of this.#waiters.splice(0)) {
      resolve();
    }
  };

  constructor(channel: 'evaluation' | 'sync' | 'change') {
    this.#channel = `flipt-native:${channel}`;
    subscribe(this.#channel, this.#note);
    onTestFinished(() => this.end());
  }

  async waitFor(isIt: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(isIt);
      if (found !== undefined) {
        return found;
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  end(): void {
    unsubscribe(this.#channel, this.#note);
  }
}

describe('flipt-native:evaluation', () => {
  it.each([undefined, 'slow'] as const)('tells of each evaluation, path %s', async (path) => {
    const { client } = await connected();
    const subscription = new Subscription('evaluation');
    forcePath(path);
    client.getStringValue('colour', 'none', premium);
    client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' });
    client.getNumberDetails('nope', 5);
    const common = {
      namespace: 'default',
      digest: shop().digest,
      stale: false,
      durationMs: expect.any(Number),
    };
    expect(subscription.messages).toEqual([
      {
        ...common,
        flagKey: 'colour',
        kind: 'string',
        value: 'gold',
        variant: 'gold',
        reason: 'TARGETING_MATCH',
        segmentKeys: ['premium'],
        ruleId: 'colour#rule-1',
      },
      {
        ...common,
        flagKey: 'banner',
        kind: 'boolean',
        value: false,
        reason: 'STATIC',
        segmentKeys: [],
      },
      {
        ...common,
        flagKey: 'nope',
        kind: 'number',
        value: 5,
        reason: 'ERROR',
        errorCode: 'FLAG_NOT_FOUND',
        errorMessage: expect.stringContaining('nope'),
        segmentKeys: [],
      },
    ]);
    expect(subscription.messages.every((message) => Object.isFrozen(message))).toBe(true);
  });

  it('tells each flag of evaluateAll and of a batch', async () => {
    const { client } = await connected();
    const subscription = new Subscription('evaluation');
    client.evaluateAll(premium);
    client.evaluateBatch([{ flagKey: 'size', entityId: 'ann' }]);
    const keys = subscription.messages.map(({ flagKey }) => flagKey);
    expect(keys).toEqual([...client.getAllFlagKeys(), 'size']);
  });

  it('holds nothing of contexts, and no object of the caller', async () => {
    const { client } = await connected();
    const subscription = new Subscription('evaluation');
    const fallback = { list: [] };
    client.getObjectValue('nope', fallback, {
      targetingKey: 'ann-4711',
      email: 'ann@shop.example',
    });
    client.evaluateBoolean({
      flagKey: 'banner',
      entityId: 'ann-4711',
      context: { plan: 'secret' },
    });
    expect(JSON.stringify(subscription.messages)).not.toMatch(/4711|shop\.example|secret/);
    expect(subscription.messages[0]?.['value']).toEqual(fallback);
    expect(subscription.messages[0]?.['value']).not.toBe(fallback);
  });

  it('changes no value, and ends with the subscription', async () => {
    const { client } = await connected();
    const alone = client.evaluateAll(premium);
    const subscription = new Subscription('evaluation');
    expect(client.evaluateAll(premium)).toEqual(alone);
    subscription.end();
    const { length } = subscription.messages;
    client.getBooleanValue('banner', false);
    expect(subscription.messages).toHaveLength(length);
    expect(length).toBe(5);
  });

  it('tells nothing of what a subscriber evaluates', async () => {
    const { client } = await connected();
    const values: string[] = [];
    const ask = () => void values.push(client.getStringValue('size', 'none'));
    subscribe('flipt-native:evaluation', ask);
    onTestFinished(() => void unsubscribe('flipt-native:evaluation', ask));
    client.getBooleanValue('banner', false);
    expect(values).toEqual(['medium']);
  });

  it('leaves what a subscriber throws to Node, and the value to the caller', async () => {
    const server = await serve();
    const finished = await runScript(
      `const { subscribe } = require('node:diagnostics_channel');
       const { FliptClient } = sdk;
       const thrown = [];
       process.on('uncaughtException', (error) => thrown.push(error.message));
       subscribe('flipt-native:evaluation', () => { throw new Error('no coffee'); });
       (async () => {
         const client = await FliptClient.init({ url, updateInterval: 0 });
         const value = client.getStringValue('size', 'none');
         await client.close();
         done({ value, thrown });
       })();`,
      server.url,
    );
    expect(answerOf(finished)).toEqual({ value: 'medium', thrown: ['no coffee'] });
  });
});

describe('flipt-native:sync', () => {
  it('tells those who subscribe after the start of failures and recoveries', async () => {
    const server = await serve({ behaviour: ['serve', unavailable, 'serve'] });
    const client = await open(server);
    const subscription = new Subscription('sync');
    await failureOf(client.refresh());
    await client.refresh();
    const [error, broken, mended] = await Promise.all([
      subscription.waitFor(({ event }) => event === 'error'),
      subscription.waitFor(({ current }) => connectionOf(current) === 'reconnecting'),
      subscription.waitFor(({ previous }) => connectionOf(previous) === 'reconnecting'),
    ]);
    expect(error).toEqual({ namespace: 'default', event: 'error', error: expect.any(FliptError) });
    expect(broken).toMatchObject({ event: 'status', previous: { connection: 'polling' } });
    expect(mended).toMatchObject({ event: 'status', current: { connection: 'polling' } });
    expect(subscription.messages.every((message) => Object.isFrozen(message))).toBe(true);
  });

  it('tells of the first flag state, and of the end once, as the last', async () => {
    const subscription = new Subscription('sync');
    const { client } = await connected();
    expect(subscription.messages.map(({ event }) => event)).toContain('ready');
    await client.close();
    await client.close();
    const events = subscription.messages.map(({ event }) => event);
    expect(events.filter((event) => event === 'closed')).toHaveLength(1);
    expect(events.at(-1)).toBe('closed');
  });

  it('tells of stale flag state, beside listeners', async () => {
    const server = await serve();
    const subscription = new Subscription('sync');
    const client = await FliptClient.init({
      ...quiet(server),
      updateInterval: 60,
      staleAfterMs: 50,
    });
    onTestFinished(() => client.close());
    let listened = 0;
    client.on('stale', () => listened++);
    await subscription.waitFor(({ event }) => event === 'stale');
    expect(listened).toBe(1);
  });
});

describe('flipt-native:change', () => {
  it('tells those who subscribe after the start what changed', async () => {
    const { server, client } = await connected();
    server.setSnapshot(shop(2));
    await client.refresh();
    const subscription = new Subscription('change');
    server.setSnapshot(shop(3));
    await client.refresh();
    expect(subscription.messages).toEqual([
      {
        namespace: 'default',
        flagKeys: ['banner'],
        added: [],
        removed: [],
        modified: ['banner'],
        digest: shop(3).digest,
        source: 'server',
        at: expect.any(Date),
      },
    ]);
    expect(Object.isFrozen(subscription.messages[0])).toBe(true);
    subscription.end();
    server.setSnapshot(shop(4));
    await client.refresh();
    expect(subscription.messages).toHaveLength(1);
  });
});

describe('without subscribers', () => {
  it('no event becomes an object, except for listeners and the logger', () => {
    const taken: string[][] = [];
    const native = {
      takeEvents: (kinds: readonly string[]) => {
        taken.push([...kinds]);
        return [];
      },
    };
    const owner = { native: native as never, hasLogger: false, log: () => {} };
    const inbox = new Inbox(owner);
    expect(inbox.kinds).toEqual([...SYNC, 'change']);
    inbox.drain();
    const [sync, change] = [new Subscription('sync'), new Subscription('change')];
    inbox.drain();
    sync.end();
    const stop = inbox.events.on('error', () => {});
    inbox.drain();
    change.end();
    stop();
    inbox.drain();
    expect(taken).toEqual([[], [...SYNC, 'change'], ['error', 'change'], []]);
    const logging = new Inbox({ ...owner, hasLogger: true });
    logging.drain();
    expect([logging.kinds, taken.at(-1)]).toEqual([['log', ...SYNC, 'change'], ['log']]);
  });

  it('what waited is dropped by the addon, and told nobody later', async () => {
    const { server, client } = await connected();
    server.setSnapshot(shop(2));
    await client.refresh();
    const events: unknown[] = [];
    client.on('change', (change) => void events.push(change.digest));
    client.on('status', (event) => void events.push(event));
    const subscription = new Subscription('change');
    server.setSnapshot(shop(3));
    await client.refresh();
    expect([events, subscription.messages]).toEqual([
      [shop(3).digest],
      [expect.objectContaining({ digest: shop(3).digest })],
    ]);
  });

  it('subscribers do not keep a process alive', async () => {
    const server = await serve();
    const finished = await runScript(
      `const { subscribe } = require('node:diagnostics_channel');
       for (const name of ['evaluation', 'sync', 'change']) subscribe('flipt-native:' + name, () => {});
       (async () => {
         const client = await sdk.FliptClient.init({ url, fetchMode: 'streaming' });
         done(client.getStringValue('size', 'none'));
       })();`,
      server.url,
    );
    expect(answerOf(finished)).toBe('medium');
  });
});

function connectionOf(status: unknown): unknown {
  return (status as { connection?: unknown } | undefined)?.connection;
}
