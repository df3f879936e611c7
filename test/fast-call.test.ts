import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostTarget } from '../npm/targets.mjs';
import { answerOf, runScript } from './support/child.ts';
import { body, boolean, constraint, segment, segmentRollout, shop } from './support/flags.ts';
import { connected, open, portable, serve } from './support/harness.ts';
import { built, FliptClient, internals } from './support/sdk.ts';

const hooks = join(import.meta.dirname, '../npm', hostTarget().suffix, 'flipt_native.hooks.node');
const require = createRequire(import.meta.url);
const { counters, forcePath } = internals;

/** How the paths were taken while `run` ran. */
function taken(run: () => unknown): { fast: number; slow: number; stale: number } {
  const before = { ...counters };
  run();
  return {
    fast: counters.fast - before.fast,
    slow: counters.slow - before.slow,
    stale: counters.stale - before.stale,
  };
}

/** Runs a script on the addon itself, built with test hooks: `client` is a native client on the shop's flags. */
async function native(source: string): Promise<unknown> {
  const snapshot = await portable(shop());
  const finished = await runScript(
    `const addon = require(process.env.FLIPT_NATIVE_BINARY);
     const options = { url: 'http://127.0.0.1:1', updateInterval: 0, errorStrategy: 'fallback', retry: { maxRetries: 0 } };
     const host = { wake() {}, kinds: [], obtainCredential() {}, abortCredential() {}, releaseCredential() {} };
     const start = () => addon.createClient(JSON.stringify({ ...options, snapshot: ${JSON.stringify(snapshot)} }), host, {}).ok;
     const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     (async () => { ${source} })();`,
    '',
    { flags: ['--expose-gc'], env: { FLIPT_NATIVE_BINARY: hooks } },
  );
  return answerOf(finished);
}

const ASK = `
  const ask = (evaluator, plan) => {
    const numbers = new Uint32Array(evaluator.buffer);
    numbers.set([plan.generationLow, plan.generationHigh, 1, 0, plan.position, 0, 0]);
    evaluator.call();
    return numbers[0];
  };`;

describe('the raw callback', () => {
  it('refuses or answers whatever stands in the buffer', async () => {
    const statuses = await native(`
      const client = start();
      const plan = client.plan('banner').ok;
      const { buffer, call } = client.createEvaluator(512);
      const numbers = new Uint32Array(buffer);
      let seed = 42;
      const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0);
      const extremes = [0, 1, 15, 16, 127, 511, 512, 513, 2 ** 31, 2 ** 32 - 8, 2 ** 32 - 1];
      const seen = new Set();
      for (let round = 0; round < 200000; round++) {
        for (let index = 0; index < 24; index++) {
          numbers[index] = random() % 3 ? random() : extremes[random() % extremes.length];
        }
        if (round % 4) numbers.set([plan.generationLow, plan.generationHigh, random() % 4, 0]);
        if (round % 8 > 4) numbers[4] = plan.position;
        call();
        seen.add(numbers[0]);
      }
      done([...seen].sort());`);
    expect(statuses).toEqual([0, 1, 4]);
  });

  it('answers closed after close, and after its client was collected', async () => {
    const statuses = await native(`${ASK}
      let client = start();
      const plan = client.plan('banner').ok;
      const evaluator = client.createEvaluator(512);
      const other = start();
      const otherPlan = other.plan('banner').ok;
      const collected = start().createEvaluator(512);
      const before = ask(evaluator, plan);
      client.shutDown();
      const closed = ask(evaluator, plan);
      const orphan = [];
      for (let i = 0; i < 200 && orphan.at(-1) !== 2; i++) { gc(); await wait(5); orphan.push(ask(collected, plan)); }
      done({ before, closed, orphan: orphan.at(-1), stale: ask(evaluator, otherPlan), alive: ask(other.createEvaluator(512), otherPlan) });
      process.exit(0);`);
    expect(statuses).toEqual({ before: 0, closed: 2, orphan: 2, stale: 2, alive: 0 });
  });

  it('goes on when evaluator and buffer outlive every other reference', async () => {
    const status = await native(`${ASK}
      const client = start();
      const plan = client.plan('banner').ok;
      let { call } = client.createEvaluator(512);
      const weak = new WeakRef(client.createEvaluator(512).buffer);
      for (let i = 0; i < 200 && weak.deref(); i++) { await wait(5); gc(); await wait(1); call(); }
      done({ collected: weak.deref() === undefined, again: ask(client.createEvaluator(512), plan) });
      process.exit(0);`);
    expect(status).toEqual({ collected: true, again: 0 });
  });

  it('turns a panic inside into a status, and answers the next call', async () => {
    const statuses = await native(`${ASK}
      const client = start();
      const plan = client.plan('banner').ok;
      const evaluator = client.createEvaluator(512);
      addon.armPanic('evaluator');
      done([ask(evaluator, plan), ask(evaluator, plan)]);
      process.exit(0);`);
    expect(statuses).toEqual([5, 0]);
  });
});

const REQUEST = `{ flagKey: 'banner', entityId: 'a', keys: [], values: [] }`;

/** How each export can be called. */
const CALLS: [name: string, call: string][] = [
  ['createClient', `addon.createClient('{}', host, {})`],
  ['shareClient', `addon.shareClient('{}', host, {})`],
  ['validateFeatures', `addon.validateFeatures('nowhere')`],
  ['convertFeatures', `addon.convertFeatures('flags: []', 'default')`],
  ['ready', 'client.ready(() => {})'],
  ['waitReady', 'client.waitReady(() => {})'],
  ['refresh', 'client.refresh(() => {})'],
  ['reconnect', 'client.reconnect(() => {})'],
  ['setOffline', 'client.setOffline(() => {}, false)'],
  ['close', 'client.close(() => {})'],
  ['shutDown', 'client.shutDown()'],
  ['namespace', 'client.namespace()'],
  ['status', 'client.status()'],
  ['isReady', 'client.isReady()'],
  ['takeEvents', 'client.takeEvents([])'],
  ['listFlags', 'client.listFlags()'],
  ['exportSnapshot', 'client.exportSnapshot()'],
  ['explain', `client.explain(${REQUEST})`],
  ['fetched', 'client.fetched(1, {})'],
  ['obtainedCredential', 'client.obtainedCredential(1, {})'],
  ['updateAuthentication', `client.updateAuthentication('[]')`],
  ['another', `client.another('{}', () => {}, [])`],
  ['install', `client.install('[]')`],
  ['plan', `client.plan('banner')`],
  ['plans', 'client.plans()'],
  ['evaluate', `client.evaluate('boolean', ${REQUEST})`],
  ['evaluateBatch', 'client.evaluateBatch([])'],
  ['evaluateEach', `client.evaluateEach([], ${REQUEST})`],
  ['createEvaluator', 'client.createEvaluator(512)'],
];

describe('a panic inside an export', () => {
  it.each(CALLS)('is an error of %s, and the next call works', async (name, call) => {
    const outcome = await native(`
      const client = start();
      addon.armPanic('${name}');
      let code;
      try { code = (${call}).error.code; } catch (error) { code = error.code; }
      done({ code, flag: client.plan('banner').ok?.kind });
      process.exit(0);`);
    expect(outcome).toEqual({ code: 'FLIPT_INTERNAL_PANIC', flag: 'boolean' });
  });

  it('is tried in every method of a client', async () => {
    const methods = await native(`
      done(Object.getOwnPropertyNames(Object.getPrototypeOf(start())));
      process.exit(0);`);
    const tried = ['constructor', ...CALLS.map(([name]) => name)];
    expect((methods as string[]).filter((name) => !tried.includes(name))).toEqual([]);
  });
});

describe('paths', () => {
  const request = { flagKey: 'banner', entityId: 'ann' };

  it('takes the fast path, and the slow one when forced, with the same answers', async () => {
    const { client } = await connected();
    const ask = () => client.evaluateBoolean(request);
    expect(taken(ask)).toEqual({ fast: 1, slow: 0, stale: 0 });
    const { requestDurationMillis: _, timestamp: __, ...fast } = ask();
    forcePath('slow');
    try {
      expect(taken(ask)).toEqual({ fast: 0, slow: 1, stale: 0 });
      expect(ask()).toMatchObject(fast);
    } finally {
      forcePath(undefined);
    }
  });

  it('takes the slow path for more segments than the mask has bits, with the same keys', async () => {
    const segments = Array.from({ length: 40 }, (_, index) =>
      segment(`s${index}`, [
        constraint('n', index % 2 ? 'isoneof' : 'eq', index % 2 ? '["x"]' : 'x'),
      ]),
    );
    const server = await serve({
      snapshot: body([boolean('wide', false, [segmentRollout(true, ...segments)])]),
    });
    const client = await open(server);
    let answer: { segmentKeys: string[] } | undefined;
    const paths = taken(() => {
      answer = client.evaluateBoolean({ flagKey: 'wide', entityId: 'a', context: { n: 'x' } });
    });
    expect(paths).toEqual({ fast: 0, slow: 1, stale: 0 });
    expect(answer?.segmentKeys).toEqual(segments.map(({ key }) => key));
  });

  it('takes the slow path for values that no frame holds, single and in a batch', async () => {
    const flag = boolean('long', false, [
      segmentRollout(true, segment('s', [constraint('n', 'suffix', 'end')])),
    ]);
    const client = await open(await serve({ snapshot: body([flag]) }));
    const long = { flagKey: 'long', entityId: 'a', context: { n: `${'x'.repeat(1_000_000)}end` } };
    expect(taken(() => expect(client.evaluateBoolean(long).enabled).toBe(true))).toMatchObject({
      fast: 0,
      slow: 1,
    });
    expect(
      taken(() =>
        expect(client.evaluateBatch([long]).responses[0]?.booleanEvaluationResponse?.enabled).toBe(
          true,
        ),
      ),
    ).toMatchObject({ fast: 0, slow: 1 });
  });

  it('grows the frame for a large batch instead of leaving the fast path', async () => {
    const { client } = await connected();
    const requests = Array.from({ length: 2000 }, (_, index) => ({
      ...request,
      entityId: `entity-${index}`,
    }));
    const paths = taken(() => expect(client.evaluateBatch(requests).responses).toHaveLength(2000));
    expect(paths).toEqual({ fast: 1, slow: 0, stale: 0 });
  });

  it('asks again under new flag state: stale once, then fast', async () => {
    const { client, server } = await connected();
    client.evaluateBoolean(request);
    server.setSnapshot(body([boolean('banner', false)], 2));
    await client.refresh();
    const paths = taken(() => expect(client.evaluateBoolean(request).enabled).toBe(false));
    expect(paths).toEqual({ fast: 1, slow: 0, stale: 1 });
  });

  it('gives the same details of all flags, also of those that cannot be evaluated', async () => {
    const half = {
      type: 'THRESHOLD_ROLLOUT_TYPE',
      rank: 1,
      threshold: { percentage: 50, value: true },
    };
    const flags = [
      { ...boolean('strange'), type: 'OTHER_FLAG_TYPE' },
      ...shop().flags,
      boolean('half', false, [half]),
      { ...boolean('bad', false, [{ ...half, type: 'OTHER_ROLLOUT_TYPE' }]) },
      boolean('last', true),
    ];
    const client = await open(await serve({ snapshot: body(flags) }));
    const contexts = [{}, { plan: 'premium' }, { targetingKey: 'ann', email: 'x@shop.example' }];
    const selections = [undefined, { prefix: 'b' }, { keys: ['half', 'strange', 'size', 'nope'] }];
    const ask = () =>
      contexts.flatMap((context) => selections.map((each) => client.evaluateAll(context, each)));
    let fast: object[] = [];
    expect(taken(() => (fast = ask()))).toEqual({ fast: 9, slow: 0, stale: 0 });
    forcePath('slow');
    try {
      let slow: object[] = [];
      expect(taken(() => (slow = ask()))).toEqual({ fast: 0, slow: 9, stale: 0 });
      expect(fast).toEqual(slow);
    } finally {
      forcePath(undefined);
    }
    expect(Object.keys(fast[0] ?? {})).toEqual(client.getAllFlagKeys());
    expect(fast[0]).toMatchObject({
      half: { errorCode: 'TARGETING_KEY_MISSING' },
      last: { value: true, reason: 'STATIC' },
    });
  });

  it('a getter may evaluate with the client that reads it', async () => {
    const flag = boolean('outer', false, [
      segmentRollout(true, segment('s', [constraint('n', 'eq', 'true')])),
    ]);
    const client = await open(await serve({ snapshot: body([flag, boolean('inner', true)]) }));
    let calls = 0;
    const context = {
      get n() {
        calls++;
        return client.evaluateBoolean({ flagKey: 'inner', entityId: 'b', context: { other: 'y' } })
          .enabled;
      },
    };
    expect(client.evaluateBoolean({ flagKey: 'outer', entityId: 'a', context }).enabled).toBe(true);
    expect(calls).toBe(1);
    expect(
      client.evaluateBatch([{ flagKey: 'outer', entityId: 'a', context }]).responses[0]
        ?.booleanEvaluationResponse,
    ).toMatchObject({ enabled: true, segmentKeys: ['s'] });
    expect(client.getBooleanDetails('outer', false, context)).toMatchObject({
      value: true,
      segmentKeys: ['s'],
    });
  });
});

describe('contexts of many values', () => {
  const flag = boolean('plan', false, [
    segmentRollout(
      true,
      segment('s', [constraint('plan', 'eq', 'enterprise'), constraint('n', 'eq', '17')]),
    ),
  ]);

  it('answer alike however often they come, in whatever type', async () => {
    const client = await open(await serve({ snapshot: body([flag]) }));
    const ask = (plan: string, n: unknown) =>
      client.evaluateBoolean({ flagKey: 'plan', entityId: 'a', context: { plan, n: n as string } })
        .enabled;
    for (let round = 0; round < 3; round++) {
      expect(ask('enterprise', 17)).toBe(true);
      expect(ask('enterprise', '17')).toBe(true);
      expect(ask('enterprise', 17n)).toBe(true);
      expect(ask('enterprise', 170)).toBe(false);
      expect(ask('enterprises', 17)).toBe(false);
    }
  });

  it('make room for others when there are many, also within one batch', async () => {
    const client = await open(await serve({ snapshot: body([flag]) }));
    const requests = Array.from({ length: 3000 }, (_, index) => ({
      flagKey: 'plan',
      entityId: 'a',
      context: { plan: index % 3 === 0 ? 'enterprise' : `enterprise-plan-number-${index}`, n: 17 },
    }));
    const expected = requests.map((_, index) => index % 3 === 0);
    for (let round = 0; round < 2; round++) {
      expect(requests.map((request) => client.evaluateBoolean(request).enabled)).toEqual(expected);
      const { responses } = client.evaluateBatch(requests);
      expect(responses.map((item) => item.booleanEvaluationResponse?.enabled)).toEqual(expected);
    }
  });
});

describe('several loaded copies in one thread', () => {
  it('evaluate side by side, each through its own buffer', async () => {
    const first = await connected();
    const copies = Array.from({ length: 3 }, () => {
      for (const file of Object.keys(require.cache).filter((name) =>
        name.startsWith(join(built(), '..')),
      )) {
        delete require.cache[file];
      }
      return require(built()).FliptClient as typeof FliptClient;
    });
    expect(new Set([...copies, FliptClient]).size).toBe(4);
    for (const Copy of copies) {
      const client = await Copy.init({ url: first.server.url, updateInterval: 0 });
      expect(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled).toBe(
        first.client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled,
      );
      await client.close();
    }
  });
});
