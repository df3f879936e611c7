import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../src/index.ts';
import { failureOf, Log } from './support/harness.ts';
import { internals } from './support/sdk.ts';

const { EventHub } = internals;
const { changeOf, mergeChanges } = internals;

/** Listeners without a client behind them. */
function hubOf({ isReady = false } = {}) {
  const log = new Log();
  const listened: string[][] = [];
  const hub = new EventHub({
    isReady: () => isReady,
    listen: (names) => void listened.push([...names].sort()),
    log: (level, message) => log[level](message),
  });
  return { hub, log, listened };
}

const at = new Date(1_000);

function change(
  lists: Partial<Record<'added' | 'removed' | 'modified', string[]>>,
  digest = 'a',
): ChangeEvent {
  return changeOf({ added: [], removed: [], modified: [], ...lists, digest, source: 'server', at });
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('listeners', () => {
  it('are called in order until they are removed, by the function, by off or by a signal', () => {
    const { hub } = hubOf();
    const calls: string[] = [];
    const controller = new AbortController();
    const second = () => void calls.push('second');
    const removeFirst = hub.on('stale', () => calls.push('first'));
    hub.on('stale', second);
    hub.on('stale', () => calls.push('third'), { signal: controller.signal });
    hub.on('stale', () => calls.push('never'), { signal: AbortSignal.abort() });
    hub.emit('stale');
    removeFirst();
    removeFirst();
    hub.emit('stale');
    controller.abort();
    hub.emit('stale');
    hub.off('stale', second);
    hub.off('stale', second);
    hub.emit('stale');
    expect(calls).toEqual(['first', 'second', 'third', 'second', 'third', 'second']);
  });

  it('are registered once, however often they are added', () => {
    const { hub } = hubOf();
    let calls = 0;
    const listener = () => void calls++;
    const remove = hub.on('stale', listener);
    const removeAgain = hub.on('stale', listener, undefined, true);
    hub.on('recovered', listener);
    hub.emit('stale');
    hub.emit('stale');
    expect(calls).toBe(2);
    removeAgain();
    hub.emit('stale');
    expect(calls).toBe(2);
    hub.on('stale', listener);
    remove();
    hub.emit('stale');
    expect(calls).toBe(3);
    hub.emit('recovered');
    expect(calls).toBe(4);
  });

  it('once is once, also when the listener causes the event again', () => {
    const { hub } = hubOf();
    let calls = 0;
    hub.on(
      'stale',
      () => {
        calls++;
        hub.emit('stale');
      },
      undefined,
      true,
    );
    hub.emit('stale');
    expect(calls).toBe(1);
  });

  it('removed during a delivery are not called any more, added ones not yet', () => {
    const { hub } = hubOf();
    const calls: string[] = [];
    const last = () => void calls.push('last');
    hub.on('stale', () => {
      calls.push('first');
      hub.off('stale', last);
      hub.on('stale', () => calls.push('added'), undefined, true);
    });
    hub.on('stale', last);
    hub.emit('stale');
    expect(calls).toEqual(['first']);
    hub.emit('stale');
    expect(calls).toEqual(['first', 'first', 'added']);
  });

  it('that throw, or whose promise is rejected, are reported and harm nobody', async () => {
    const { hub, log } = hubOf();
    let calls = 0;
    hub.on('stale', () => {
      throw new Error('boom');
    });
    hub.on('stale', async () => {
      throw new Error('later');
    });
    hub.on('stale', () => {
      throw { toString: () => ({}) };
    });
    hub.onFlagChange('a', () => {
      throw new Error('flag');
    });
    hub.on('stale', () => void calls++);
    hub.emit('stale');
    hub.emitChange(change({ added: ['a'] }));
    await turn();
    expect(calls).toBe(1);
    expect(log.at('warn')).toEqual([
      `the listener of 'stale' failed: Error: boom`,
      `the listener of 'stale' failed: an Object`,
      `the listener of the flag 'a' failed: Error: flag`,
      `the listener of 'stale' failed: Error: later`,
    ]);
  });

  it('let go of their signal when they are removed', () => {
    const { hub } = hubOf();
    const listeners = new Set<unknown>();
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
    };
    const remove = hub.on('stale', () => {}, { signal });
    hub.on('stale', () => {}, { signal }, true);
    hub.onFlagChange('a', () => {}, { signal });
    expect(listeners.size).toBe(3);
    remove();
    hub.emit('stale');
    hub.close();
    expect(listeners.size).toBe(0);
  });

  it('ready is told once to each, later ones are told asynchronously', async () => {
    const { hub } = hubOf({ isReady: true });
    let calls = 0;
    const listener = () => void calls++;
    hub.on('ready', listener);
    hub.on('ready', listener);
    hub.on('ready', listener, undefined, true);
    expect(calls).toBe(0);
    await turn();
    expect(calls).toBe(1);
    hub.on('ready', listener);
    hub.emit('ready');
    expect(calls).toBe(2);
    await turn();
    expect(calls).toBe(2);
    hub.on('ready', listener)();
    hub.on('ready', listener);
    hub.close();
    await turn();
    expect(calls).toBe(2);
  });

  it('closed is the last event, and comes once', () => {
    const { hub } = hubOf();
    const calls: string[] = [];
    hub.on('closed', () => {
      calls.push('closed');
      hub.close();
      hub.on('stale', () => calls.push('late'));
    });
    hub.on('stale', () => calls.push('stale'));
    hub.close();
    hub.close();
    hub.emit('stale');
    hub.on('closed', () => calls.push('never'));
    hub.onFlagChange('a', () => calls.push('never'));
    hub.emitChange(change({ added: ['a'] }));
    expect(calls).toEqual(['closed']);
  });

  it('only what somebody listens to is asked for', async () => {
    const { hub, listened } = hubOf();
    const removeFlag = hub.onFlagChange('a', () => {});
    const remove = hub.on('error', () => {});
    hub.on('error', () => {})();
    removeFlag();
    remove();
    expect(listened).toEqual([['change'], ['change', 'error'], ['error'], []]);
    const changes = hub.changes();
    expect(listened.at(-1)).toEqual(['change', 'closed']);
    await changes.return?.();
    expect(listened.at(-1)).toEqual([]);
  });

  it.each([
    [(hub) => hub.on('changed' as never, () => {}), ['event']],
    [(hub) => hub.on(7 as never, () => {}), ['event']],
    [(hub) => hub.on('constructor' as never, null as never), ['event', 'listener']],
    [(hub) => hub.on('stale', 'x' as never, { signal: 7 as never }), ['listener', 'signal']],
    [(hub) => hub.on('stale', () => {}, true as never), ['options']],
    [(hub) => hub.off('x' as never, () => {}), ['event']],
    [(hub) => hub.off('stale', undefined as never), ['listener']],
    [(hub) => hub.onFlagChange(' ', () => {}), ['flagKey']],
    [(hub) => hub.onFlagChange(7 as never, 7 as never), ['flagKey', 'listener']],
    [(hub) => hub.changes({ signal: {} as never }), ['signal']],
  ] as [call: (hub: InstanceType<typeof EventHub>) => unknown, fields: string[]][])(
    'bad arguments are named: %s',
    async (call, fields) => {
      const { hub, listened } = hubOf();
      expect(await failureOf(() => call(hub))).toMatchObject({
        name: 'ValidationError',
        code: 'FLIPT_ARGUMENT_INVALID',
        details: { problems: fields.map((field) => ({ field })) },
      });
      expect(listened).toEqual([]);
    },
  );
});

describe('changes of flags', () => {
  it('tell listeners of a flag what happened to it, after the listeners of all', () => {
    const { hub } = hubOf();
    const calls: unknown[] = [];
    hub.onFlagChange('a', (flag) => calls.push(flag));
    hub.onFlagChange('c', (flag) => calls.push(flag.kind));
    hub.onFlagChange('constructor', (flag) => calls.push(flag.kind));
    hub.on('change', ({ flagKeys }) => calls.push(flagKeys));
    hub.emitChange(change({ added: ['a'], removed: ['b'], modified: ['c', 'constructor'] }, 'd'));
    expect(calls).toEqual([
      ['a', 'b', 'c', 'constructor'],
      { flagKey: 'a', kind: 'added', digest: 'd', source: 'server', at },
      'modified',
      'modified',
    ]);
    expect(Object.isFrozen(calls[1])).toBe(true);
    expect(Object.isFrozen(calls[0])).toBe(true);
  });

  it.each([
    [{ added: ['a'] }, { removed: ['a'] }, undefined],
    [{ added: ['a'] }, { modified: ['a'] }, { added: ['a'] }],
    [{ removed: ['a'] }, { added: ['a'] }, { modified: ['a'] }],
    [{ modified: ['a'] }, { removed: ['a'] }, { removed: ['a'] }],
    [{ modified: ['a'] }, { modified: ['a', 'b'] }, { modified: ['a', 'b'] }],
    [
      { added: ['a'], removed: ['b'] },
      { added: ['c'], modified: ['__proto__'] },
      { added: ['a', 'c'], removed: ['b'], modified: ['__proto__'] },
    ],
  ])('%j and then %j come to %j', (earlier, later, merged) => {
    expect(mergeChanges(change(earlier, '1'), change(later, '2'))).toEqual(
      merged && change(merged, '2'),
    );
  });
});

describe('changes()', () => {
  it('hands over changes in order, those that came before they were asked for first', async () => {
    const { hub } = hubOf();
    const changes = hub.changes();
    const [first, second] = [change({ added: ['a'] }), change({ removed: ['a'] })];
    hub.emitChange(first);
    expect(await changes.next()).toEqual({ value: first, done: false });
    const waiting = [changes.next(), changes.next()];
    hub.emitChange(second);
    hub.emitChange(first);
    expect(await Promise.all(waiting)).toMatchObject([{ value: second }, { value: first }]);
    expect(changes[Symbol.asyncIterator]()).toBe(changes);
  });

  it('merges what a slow reader leaves beyond 64, losing nothing', async () => {
    const { hub } = hubOf();
    const changes = hub.changes();
    for (let index = 0; index < 200; index++) {
      hub.emitChange(change({ added: [`flag-${index}`] }, String(index)));
    }
    hub.close();
    const read: ChangeEvent[] = [];
    for await (const event of changes) {
      read.push(event);
    }
    expect(read).toHaveLength(64);
    expect(read.flatMap(({ added }) => added)).toEqual(
      Array.from({ length: 200 }, (_, index) => `flag-${index}`),
    );
    expect(read.at(-1)).toMatchObject({ digest: '199', added: expect.any(Array) });
  });

  it('forgets what a slow reader need not know: a change that was taken back', async () => {
    const { hub } = hubOf();
    const changes = hub.changes();
    for (let index = 0; index < 64; index++) {
      hub.emitChange(change({ added: [`flag-${index}`] }));
    }
    hub.emitChange(change({ removed: ['flag-63'] }));
    hub.emitChange(change({ modified: ['flag-0'] }, 'last'));
    hub.close();
    const read: ChangeEvent[] = [];
    for await (const event of changes) {
      read.push(event);
    }
    expect(read).toHaveLength(64);
    expect(read.at(-1)).toEqual(change({ modified: ['flag-0'] }, 'last'));
  });

  it('ends when the client is closed', async () => {
    const { hub } = hubOf();
    const changes = hub.changes();
    const waiting = [changes.next(), changes.next()];
    hub.close();
    const done = { value: undefined, done: true };
    expect(await Promise.all(waiting)).toEqual([done, done]);
    expect(await changes.next()).toEqual(done);
    expect(await hub.changes().next()).toEqual(done);
  });

  it('fails once with FLIPT_CALL_ABORTED when its signal is aborted, and has ended then', async () => {
    const { hub, listened } = hubOf();
    const controller = new AbortController();
    const changes = hub.changes({ signal: controller.signal });
    hub.emitChange(change({ added: ['a'] }));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(listened.at(-1)).toEqual([]);
    expect(await changes.next()).toMatchObject({ value: { added: ['a'] } });
    expect(await failureOf(changes.next())).toMatchObject({
      code: 'FLIPT_CALL_ABORTED',
      cause: reason,
    });
    expect(await changes.next()).toEqual({ value: undefined, done: true });
  });

  it('fails at once with a signal that is aborted already, and while it is waited for', async () => {
    const { hub, listened } = hubOf();
    const aborted = hub.changes({ signal: AbortSignal.abort() });
    expect(listened).toEqual([]);
    expect(await failureOf(aborted.next())).toMatchObject({ code: 'FLIPT_CALL_ABORTED' });
    const controller = new AbortController();
    const waiting = failureOf(hub.changes({ signal: controller.signal }).next());
    controller.abort();
    expect(await waiting).toMatchObject({ code: 'FLIPT_CALL_ABORTED' });
  });

  it('stops listening when the loop is left', async () => {
    const { hub, listened } = hubOf();
    const changes = hub.changes();
    hub.emitChange(change({ added: ['a'] }));
    hub.emitChange(change({ added: ['b'] }));
    for await (const event of changes) {
      expect(event.added).toEqual(['a']);
      break;
    }
    expect(listened.at(-1)).toEqual([]);
    expect(await changes.next()).toEqual({ value: undefined, done: true });
  });
});
