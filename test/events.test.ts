import { describe, expect, it } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { counted, isNothing, NOTHING } from './support/counted.ts';
import {
  body,
  boolean,
  constraint,
  onWhere,
  segment,
  segmentRollout,
  shop,
} from './support/flags.ts';
import { connected, failureOf, Log, open, portable, quiet, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { type ChangeEvent, FliptClient, FliptError } from './support/sdk.ts';
import type { Behaviour, TestServer } from './support/server.mjs';

const unavailable = { name: 'status', status: 503 } as const;

/** Flag state that is another one each time. */
const alternating = (): Behaviour => (exchange) => {
  const state = shop(exchange.index + 1);
  exchange.respond(200, { 'content-type': 'application/json' }, state);
};

/** Fetches one state after the other; resolves with the changes that were announced. */
async function changesThrough(server: TestServer, client: FliptClient, states: object[]) {
  const recorder = new Recorder(client, ['change']);
  for (const state of states) {
    server.setSnapshot(state);
    await client.refresh();
  }
  await client.close();
  return recorder
    .of('change')
    .map(({ added, removed, modified }) => ({ added, removed, modified }));
}

const named = (lists: Partial<Record<'added' | 'removed' | 'modified', string[]>>) => ({
  added: [],
  removed: [],
  modified: [],
  ...lists,
});

describe('ready', () => {
  it('comes once the first flag state is there', async () => {
    const server = await serve({ behaviour: [unavailable, unavailable, 'serve'] });
    const client = await open(server, { errorStrategy: 'fallback' });
    const recorder = new Recorder(client, ['ready', 'change']);
    const seen: boolean[] = [];
    client.on('ready', () => void seen.push(client.isReady, client.listFlags().length === 5));
    await client.refresh();
    expect(recorder.names).toEqual([]);
    await client.refresh();
    await recorder.waitFor('ready');
    await client.refresh();
    expect(recorder.names).toEqual(['ready']);
    expect(seen).toEqual([true, true]);
  });

  it('comes to later listeners as well, asynchronously and once', async () => {
    const { client } = await connected();
    let calls = 0;
    const told = new Promise<void>((resolve) => {
      client.on('ready', () => {
        calls++;
        resolve();
      });
    });
    expect(calls).toBe(0);
    await told;
    await client.refresh();
    expect(calls).toBe(1);
  });

  it('comes at once with a snapshot to start from', async () => {
    const server = await serve({ behaviour: unavailable });
    const snapshot = await portable(shop());
    const client = await open(server, { snapshot, errorStrategy: 'fallback' });
    await new Recorder(client, ['ready']).waitFor('ready');
    expect(client.isReady).toBe(true);
  });
});

describe('change', () => {
  it('names exactly the flags that answer differently, once per change', async () => {
    const { server, client } = await connected();
    const flags = shop().flags;
    const changes = await changesThrough(server, client, [
      shop(2),
      shop(4),
      body([...shop(2).flags, boolean('new')], 5),
      body([...flags.slice(1), boolean('new')], 6),
      shop(7),
    ]);
    expect(changes).toEqual([
      named({ modified: ['banner'] }),
      named({ added: ['new'] }),
      named({ removed: ['banner'] }),
      named({ added: ['banner'], removed: ['new'] }),
    ]);
  });

  it('names each flag that uses an edited segment, and none for edits that decide nothing', async () => {
    const users = (value: string) => {
      const shared = segment('shared', [constraint('plan', 'eq', value)]);
      return ['one', 'two'].map((key) => boolean(key, false, [segmentRollout(true, shared)]));
    };
    const other = onWhere('other', 'plan', 'eq', 'free');
    const server = await serve({ snapshot: body([...users('a'), other], 1) });
    const client = await open(server);
    const changes = await changesThrough(server, client, [
      body([...users('b'), other], 2),
      body([...users('b'), { ...other, name: 'Other', description: 'new words' }], 3),
      body([...users('b'), other], 4),
    ]);
    expect(changes).toEqual([named({ modified: ['one', 'two'] })]);
  });

  it('comes when the new state is in force, frozen and dated', async () => {
    const { server, client } = await connected();
    const request = { flagKey: 'banner', entityId: 'ann' };
    expect(client.evaluateBoolean(request).enabled).toBe(false);
    const seen = new Promise<[ChangeEvent, boolean, string | undefined]>((resolve) => {
      client.on('change', (change) => {
        resolve([change, client.evaluateBoolean(request).enabled, client.status.digest]);
      });
    });
    const before = Date.now();
    server.setSnapshot(shop(2));
    expect(await client.refresh()).toBe(true);
    const [change, enabled, digest] = await seen;
    expect(enabled).toBe(true);
    expect(digest).toBe(shop(2).digest);
    expect(change).toMatchObject({ flagKeys: ['banner'], digest, source: 'server' });
    expect(change.at.getTime()).toBeGreaterThanOrEqual(before - 1);
    expect(change.at.getTime()).toBeLessThanOrEqual(Date.now() + 1);
    for (const part of [change, change.flagKeys, change.added, change.removed, change.modified]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('is announced before the refresh that brought it resolves', async () => {
    const { server, client } = await connected();
    const recorder = new Recorder(client, ['change', 'error']);
    for (let revision = 2; revision <= 20; revision++) {
      server.setSnapshot(shop(revision));
      await client.refresh();
      expect(recorder.names).toHaveLength(revision - 1);
    }
    server.setBehaviour(unavailable);
    await failureOf(client.refresh());
    expect(recorder.names.at(-1)).toBe('error');
  });

  it('comes by polls alike', async () => {
    const { server, client } = await connected({ updateInterval: 0.02 });
    const recorder = new Recorder(client, ['change']);
    for (let revision = 2; revision <= 5; revision++) {
      server.setSnapshot(shop(revision));
      await recorder.waitFor('change', revision - 1);
    }
    expect(recorder.of('change').map(({ digest }) => digest)).toEqual(
      [2, 3, 4, 5].map((revision) => shop(revision).digest),
    );
  });

  it('is not told of the first flag state, but of the first answer after a snapshot', async () => {
    const state = (isOn: boolean) => body([boolean('banner', isOn), boolean('other')]);
    const behaviour = [unavailable, 'serve'] as const;
    const snapshot = await portable(state(false));
    const server = await serve({ behaviour: [...behaviour], snapshot: state(true) });
    const client = await open(server, { snapshot, errorStrategy: 'fallback' });
    const recorder = new Recorder(client, ['change']);
    await client.refresh();
    const [change] = await recorder.waitFor('change');
    expect(change).toMatchObject({ flagKeys: ['banner'], source: 'server' });
    const same = await serve({ behaviour: [...behaviour], snapshot: state(false) });
    const seeded = await open(same, { snapshot, errorStrategy: 'fallback' });
    const nothing = new Recorder(seeded, ['change', 'closed']);
    await seeded.refresh();
    await seeded.close();
    expect(nothing.names).toEqual(['closed']);
  });

  it('comes flag by flag to onFlagChange', async () => {
    const { server, client } = await connected();
    const seen: unknown[] = [];
    const controller = new AbortController();
    client.onFlagChange('banner', ({ kind }) => seen.push(kind), { signal: controller.signal });
    const remove = client.onFlagChange('new', ({ flagKey, kind, digest }) =>
      seen.push([flagKey, kind, digest]),
    );
    const recorder = new Recorder(client, ['change']);
    server.setSnapshot(shop(2));
    await client.refresh();
    server.setSnapshot(body([...shop(1).flags, boolean('new')], 3));
    await client.refresh();
    await recorder.waitFor('change', 2);
    controller.abort();
    remove();
    server.setSnapshot(shop(4));
    await client.refresh();
    await recorder.waitFor('change', 3);
    expect(seen).toEqual(['modified', ['new', 'added', body([], 3).digest], 'modified']);
  });

  it('survives a bug at the border: it is reported, and the change comes all the same', async () => {
    const server = await serve({ behaviour: alternating() });
    const seen = await counted(
      `const told = [];
       const logger = { debug() {}, info() {}, warn() {}, error: (line) => told.push(line) };
       const client = await sdk.FliptClient.init({ url, updateInterval: 0, logger });
       const changed = new Promise((resolve) => client.on('change', resolve));
       require(process.env.FLIPT_NATIVE_BINARY).armPanic('takeEvents');
       await client.refresh();
       const { flagKeys } = await changed;
       done({ told, flagKeys });`,
      server.url,
    );
    expect(seen).toEqual({
      told: [expect.stringContaining('internal error: takeEvents')],
      flagKeys: ['banner'],
    });
  });

  it('loses nothing while the event loop is blocked', async () => {
    const revisions = 12;
    let revision = 0;
    const server = await serve({
      behaviour: (exchange) => {
        revision = Math.min(revision + 1, revisions);
        const flags = Array.from({ length: revision }, (_, index) => boolean(`flag-${index}`));
        exchange.respond(200, { 'content-type': 'application/json' }, body(flags, revision));
      },
    });
    const finished = await runScript(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0.01 });
         const added = [];
         client.on('change', (change) => added.push(...change.added));
         const blocked = new Int32Array(new SharedArrayBuffer(4));
         while (client.listFlags().length < ${revisions}) Atomics.wait(blocked, 0, 0, 20);
         while (added.length < ${revisions - 1}) await new Promise((resolve) => setImmediate(resolve));
         done(added);
       })();`,
      server.url,
    );
    expect(answerOf(finished)).toEqual(
      Array.from({ length: revisions - 1 }, (_, index) => `flag-${index + 1}`),
    );
  });
});

describe('status, error, stale and recovered', () => {
  it('tell of a failure and of its end, in order', async () => {
    const { server, client } = await connected({ staleAfterMs: 50, updateInterval: 0.02 });
    const recorder = new Recorder(client);
    server.setBehaviour(unavailable);
    await recorder.waitFor('stale');
    const [error] = await recorder.waitFor('error');
    expect(error).toBeInstanceOf(FliptError);
    expect(error).toMatchObject({ code: 'FLIPT_SERVER_FAILED', details: { status: 503 } });
    expect(client.status).toMatchObject({ connection: 'reconnecting', stale: true });
    expect(client.isReady).toBe(true);
    server.setBehaviour('serve');
    await recorder.waitFor('recovered');
    expect(client.status).toMatchObject({ connection: 'polling', stale: false });
    const passages = recorder.of('status');
    expect(passages[0]?.previous.connection).toBe('polling');
    expect(passages.some(({ current }) => current.connection === 'reconnecting')).toBe(true);
    for (const [index, { previous, current }] of passages.entries()) {
      expect(Object.isFrozen(current)).toBe(true);
      if (index > 0) {
        expect(previous).toEqual(passages[index - 1]?.current);
      }
    }
    const order = recorder.names.filter((name) => name === 'stale' || name === 'recovered');
    expect(order).toEqual(['stale', 'recovered']);
  });

  it('an error that nobody listens to throws nothing', async () => {
    const server = await serve({ behaviour: ['serve', unavailable] });
    const finished = await runScript(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0, retry: { maxRetries: 0 } });
         client.on('stale', () => {});
         const error = await client.refresh().catch((error) => error);
         done(error.code);
       })();`,
      server.url,
      { flags: ['--unhandled-rejections=strict'] },
    );
    expect(answerOf(finished)).toBe('FLIPT_SERVER_FAILED');
  });

  it('what a fetcher failed with stays with the call: it may repeat a credential', async () => {
    const cause = new Error('no route');
    const { client } = await connected({ fetcher: failsAfterOne(cause) });
    const recorder = new Recorder(client, ['error']);
    expect(await failureOf(client.refresh())).toMatchObject({
      code: 'FLIPT_FETCHER_FAILED',
      cause,
    });
    const [error] = await recorder.waitFor('error');
    for (const told of [error, client.status.lastError]) {
      expect(told).toMatchObject({ code: 'FLIPT_FETCHER_FAILED' });
      expect(told).not.toHaveProperty('cause');
    }
  });
});

function failsAfterOne(cause: Error) {
  let isFirst = true;
  return async () => {
    if (isFirst) {
      isFirst = false;
      return new Response(JSON.stringify(shop()), {
        headers: { 'content-type': 'application/json' },
      });
    }
    throw cause;
  };
}

describe('listeners of a client', () => {
  it('that throw are reported to the logger and harm nobody', async () => {
    const logger = new Log();
    const { server, client } = await connected({ logger });
    client.on('change', () => {
      throw new Error('mine');
    });
    const recorder = new Recorder(client, ['change']);
    server.setSnapshot(shop(2));
    expect(await client.refresh()).toBe(true);
    await recorder.waitFor('change');
    expect(await logger.waitFor('warn', /'change' failed: Error: mine/)).toBeTruthy();
  });

  it('that are slow delay only themselves', async () => {
    const { server, client } = await connected();
    let isDone = false;
    let finish = () => {};
    client.on('change', async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      isDone = true;
    });
    const recorder = new Recorder(client, ['change']);
    for (const revision of [2, 3]) {
      server.setSnapshot(shop(revision));
      await client.refresh();
    }
    await recorder.waitFor('change', 2);
    expect(isDone).toBe(false);
    finish();
  });

  it('once, off and a signal end them', async () => {
    const { server, client } = await connected();
    const calls: string[] = [];
    const controller = new AbortController();
    const removed = () => calls.push('off');
    client.once('change', () => calls.push('once'));
    client.on('change', removed);
    client.on('change', () => calls.push('signal'), { signal: controller.signal });
    const recorder = new Recorder(client, ['change']);
    server.setSnapshot(shop(2));
    await client.refresh();
    await recorder.waitFor('change', 1);
    client.off('change', removed);
    controller.abort();
    server.setSnapshot(shop(3));
    await client.refresh();
    await recorder.waitFor('change', 2);
    expect(calls).toEqual(['once', 'off', 'signal']);
  });

  it('may close the client, and are told nothing else then', async () => {
    const { server, client } = await connected();
    const recorder = new Recorder(client);
    await recorder.waitFor('ready');
    let closing: Promise<void> | undefined;
    client.on('change', () => {
      closing = client.close();
    });
    server.setSnapshot(shop(2));
    await failureOf(client.refresh()).catch(() => {});
    await recorder.waitFor('closed');
    await closing;
    const after = recorder.names.slice(recorder.names.indexOf('change') + 1);
    expect(after.filter((name) => name !== 'status')).toEqual(['closed']);
    expect(after.at(-1)).toBe('closed');
  });

  it('closed comes once, before close() resolves, and nothing after it', async () => {
    const { client } = await connected({ updateInterval: 0.01 });
    const recorder = new Recorder(client);
    await recorder.waitFor('ready');
    await client.close();
    expect(recorder.names.at(-1)).toBe('closed');
    const count = recorder.events.length;
    await client.close();
    const late = client.on('closed', () => recorder.events.push({ name: 'closed', argument: 0 }));
    late();
    expect(await client.changes().next()).toEqual({ value: undefined, done: true });
    expect(recorder.events).toHaveLength(count);
    expect(() => client.on('x' as never, () => {})).toThrow(/event: received 'x'/);
  });
});

describe('changes()', () => {
  it('is a loop over changes that ends with the client', async () => {
    const { server, client } = await connected();
    const changes = client.changes();
    const read: (readonly string[])[] = [];
    const loop = (async () => {
      for await (const { flagKeys } of changes) {
        read.push(flagKeys);
      }
    })();
    for (let revision = 2; revision <= 4; revision++) {
      server.setSnapshot(shop(revision));
      await client.refresh();
    }
    await client.close();
    await loop;
    expect(read).toEqual([['banner'], ['banner'], ['banner']]);
  });

  it('is called off by its signal', async () => {
    const { client } = await connected();
    const waiting = failureOf(client.changes({ signal: AbortSignal.timeout(10) }).next());
    expect(await waiting).toMatchObject({ code: 'FLIPT_CALL_ABORTED' });
  });
});

describe('the process and the collector', () => {
  it('exits although there are listeners, a running loop, and a client that was never closed', async () => {
    const server = await serve();
    const finished = await runScript(
      `sdk.FliptClient.init({ url, updateInterval: 0.05 }).then(async (client) => {
         client.on('change', () => {});
         client.on('closed', () => {});
         client.onFlagChange('banner', () => {});
         done('listening');
         for await (const change of client.changes()) void change;
       });`,
      server.url,
    );
    expect(finished).toEqual({ code: 0, signal: null, stdout: '"listening"', stderr: '' });
  });

  it.each([
    ['a listener', `client.once('change', ({ flagKeys }) => seen.push(...flagKeys));`],
    ['a listener of a flag', `client.onFlagChange('banner', notice, { signal });`],
    [
      'a running loop',
      `(async () => {
         for await (const { flagKeys } of client.changes()) {
           seen.push(...flagKeys);
           break;
         }
       })();`,
    ],
  ])('%s keeps its client from being collected, until it has ended', async (_, listen) => {
    const server = await serve({
      // The change comes long after the collector has been at work.
      behaviour: (exchange) => {
        const state = shop(exchange.index < 30 ? 1 : 2);
        exchange.respond(200, { 'content-type': 'application/json' }, state);
      },
    });
    const result = await counted(
      `const seen = [];
       await (async () => {
         const controller = new AbortController();
         const { signal } = controller;
         const notice = ({ flagKey }) => {
           seen.push(flagKey);
           controller.abort();
         };
         const client = await sdk.FliptClient.init({ url, updateInterval: 0.02 });
         ${listen}
       })();
       while (seen.length === 0 && liveCounts().clients === 1) await collect();
       done({ seen, after: await until(${isNothing}) });`,
      server.url,
    );
    expect(result).toEqual({ seen: ['banner'], after: NOTHING });
  });

  it('who keeps the function that removes a listener does not keep the client', async () => {
    const server = await serve();
    const counts = await counted(
      `const kept = [];
       await (async () => {
         const client = await sdk.FliptClient.init({ url });
         const listener = () => {};
         kept.push(client.on('change', listener), client.on('change', listener));
         kept.push(client.onFlagChange('banner', listener));
       })();
       for (const remove of kept) remove();
       const counts = await until(${isNothing});
       done({ counts, kept: kept.length });`,
      server.url,
    );
    expect(counts).toEqual({ counts: NOTHING, kept: 3 });
  });

  it('closing releases a client with listeners, and ready listeners hold nothing once they are told', async () => {
    const server = await serve();
    const counts = await counted(
      `await (async () => {
         const closed = await sdk.FliptClient.init({ url });
         closed.on('change', () => void closed);
         closed.onFlagChange('banner', () => void closed);
         void closed.changes();
         await closed.close();
         const ready = await sdk.FliptClient.init({ url });
         await new Promise((resolve) => ready.on('ready', () => resolve(ready)));
       })();
       done(await until(${isNothing}));`,
      server.url,
    );
    expect(counts).toEqual(NOTHING);
  });
});

describe('waitForReady', () => {
  it('resolves at once when there is flag state, else as soon as there is', async () => {
    const server = await serve({ behaviour: [unavailable, 'serve'] });
    const client = await open(server, { errorStrategy: 'fallback' });
    expect(client.isReady).toBe(false);
    const ready = client.waitForReady();
    await client.refresh();
    await ready;
    expect(client.isReady).toBe(true);
    await client.waitForReady({ timeoutMs: 0 });
    await client.close();
    expect(client.isReady).toBe(false);
  });

  it('gives up after timeoutMs, else after initTimeoutMs', async () => {
    const server = await serve({ behaviour: unavailable });
    const client = await open(server, { errorStrategy: 'fallback', initTimeoutMs: 200 });
    expect(await failureOf(client.waitForReady({ timeoutMs: 20.5 }))).toMatchObject({
      name: 'InitializationError',
      code: 'FLIPT_INIT_TIMEOUT',
      message: 'no flag state was loaded within 21 ms',
    });
    expect(await failureOf(client.waitForReady())).toMatchObject({
      message: 'no flag state was loaded within 200 ms',
    });
  });

  it('is called off by its signal, whose reason is the cause', async () => {
    const server = await serve({ behaviour: unavailable });
    const client = await open(server, { errorStrategy: 'fallback' });
    const controller = new AbortController();
    const waiting = failureOf(client.waitForReady({ signal: controller.signal }));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await waiting).toMatchObject({ code: 'FLIPT_CALL_ABORTED', cause: reason });
    const { signal } = controller;
    expect(await failureOf(client.waitForReady({ signal }))).toMatchObject({ cause: reason });
  });

  it('fails when the client is closed, before and meanwhile', async () => {
    const server = await serve({ behaviour: unavailable });
    const client = await open(server, { errorStrategy: 'fallback' });
    const waiting = failureOf(client.waitForReady());
    await client.close();
    expect(await waiting).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
    expect(await failureOf(client.waitForReady())).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
  });

  it.each([
    [{ timeoutMs: -1 }, ['timeoutMs']],
    [{ timeoutMs: Number.NaN }, ['timeoutMs']],
    [{ timeoutMs: '5', signal: 5 }, ['signal', 'timeoutMs']],
    [{ timeoutMs: 3_600_001 }, ['timeoutMs']],
    ['now', ['options']],
  ])('refuses %j', async (options, fields) => {
    const { client } = await connected();
    expect(await failureOf(client.waitForReady(options as object))).toMatchObject({
      name: 'ValidationError',
      code: 'FLIPT_ARGUMENT_INVALID',
      details: { problems: fields.map((field) => ({ field })) },
    });
  });
});

describe('calls that are called off', () => {
  it('reject at once, while the fetch that they joined goes on', async () => {
    const { server, client } = await connected();
    let answer = () => {};
    server.setBehaviour(async (exchange) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      exchange.serve();
    });
    server.setSnapshot(shop(2));
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = failureOf(client.refresh({ signal }));
    const joined = client.refresh();
    await server.waitForRequests(2);
    controller.abort();
    expect(await aborted).toMatchObject({
      name: 'FliptError',
      code: 'FLIPT_CALL_ABORTED',
      cause: signal.reason,
    });
    answer();
    expect(await joined).toBe(true);
    expect(await failureOf(client.refresh({ signal }))).toMatchObject({
      code: 'FLIPT_CALL_ABORTED',
    });
    expect(await failureOf(client.reconnect({ signal }))).toMatchObject({
      code: 'FLIPT_CALL_ABORTED',
    });
    expect(server.requests).toHaveLength(2);
  });

  it('hold neither the process nor the client', async () => {
    const server = await serve({ behaviour: ['serve', 'neverAnswers'] });
    const finished = await runScript(
      `(async () => {
         const client = await sdk.FliptClient.init({ url, updateInterval: 0, requestTimeout: 3600 });
         const controller = new AbortController();
         const { signal } = controller;
         const calls = [client.refresh({ signal }), client.reconnect({ signal })];
         const fresh = await sdk.FliptClient.init({ url, errorStrategy: 'fallback', initTimeoutMs: 50 });
         calls.push(fresh.waitForReady({ signal, timeoutMs: 3_600_000 }));
         setTimeout(() => controller.abort(), 20);
         const settled = await Promise.allSettled(calls);
         done(settled.map(({ reason }) => reason.code));
       })();`,
      server.url,
    );
    expect(answerOf(finished)).toEqual(Array(3).fill('FLIPT_CALL_ABORTED'));
  });

  it('let go of their signal when they settle', async () => {
    const { client } = await connected();
    const listeners = new Set<unknown>();
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
    };
    const calls = [
      client.refresh({ signal }),
      client.reconnect({ signal }),
      client.waitForReady({ signal }),
    ];
    expect(listeners.size).toBe(3);
    await Promise.all(calls);
    expect(listeners.size).toBe(0);
  });

  it('refuse what is no signal; refresh takes what an event emitter calls it with', async () => {
    const { client } = await connected();
    for (const call of [
      () => client.refresh({ signal: 7 as never }),
      () => client.reconnect({ signal: {} as never }),
    ]) {
      expect(await failureOf(call)).toMatchObject({
        code: 'FLIPT_ARGUMENT_INVALID',
        details: { problems: [{ field: 'signal', allowed: 'an AbortSignal' }] },
      });
    }
    expect(await failureOf(client.reconnect('SIGHUP' as never))).toMatchObject({
      details: { problems: [{ field: 'options' }] },
    });
    const { refresh } = client;
    expect(await Reflect.apply(refresh, client, ['SIGHUP', 1])).toBe(false);
  });
});

describe('reconnect', () => {
  it('asks the server now and resolves when it has answered', async () => {
    const { server, client } = await connected();
    server.setSnapshot(shop(2));
    expect(await client.reconnect()).toBeUndefined();
    expect(client.status.digest).toBe(shop(2).digest);
    server.setBehaviour(unavailable);
    expect(await failureOf(client.reconnect())).toMatchObject({ code: 'FLIPT_SERVER_FAILED' });
    await client.close();
    expect(await failureOf(client.reconnect())).toMatchObject({ code: 'FLIPT_CLIENT_CLOSED' });
  });

  it('does not wait out the pause before a retry', async () => {
    const server = await serve();
    const retry = { maxRetries: 3, baseDelayMs: 60_000, jitter: false };
    const client = await FliptClient.init({ ...quiet(server), retry, errorStrategy: 'fail' });
    server.setBehaviour([unavailable, 'serve']);
    const refreshed = client.refresh();
    await server.waitForRequests(2);
    await client.reconnect();
    expect(await refreshed).toBe(false);
    await client.close();
  });
});
