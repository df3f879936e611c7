import { init, integrations } from '@launchdarkly/node-server-sdk';
import { step } from '../walk.mjs';

/** LaunchDarkly from its own test data source: no connection, no events. Its evaluation calls are asynchronous. */
export async function open(definitions) {
  const data = new integrations.TestData();
  for (const definition of definitions) data.usePreconfiguredFlag(launchDarklyFlag(definition));
  const client = init('sdk-bench', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await client.waitForInitialization({ timeout: 10 });

  async function boolean(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += (await client.boolVariation(keys[walk.flag], users[walk.user], false)) ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  const users = (people) =>
    people.map(({ id, context }) => ({
      kind: 'user',
      key: id,
      ...context,
      age: Number(context.age),
    }));
  const answer = async (_kind, flagKey, user) =>
    String(await client.boolVariation(flagKey, user, false));
  return { users, boolean, answer, close: () => client.close() };
}

function launchDarklyFlag({ key, targeting, percentage = 0 }) {
  const clause = (attribute, op, values) => ({
    attribute,
    op,
    values,
    negate: false,
    contextKind: 'user',
  });
  const clauses = [
    clause('plan', 'in', [targeting.plan]),
    clause('country', 'in', targeting.countries),
    clause('age', 'greaterThan', [targeting.olderThan]),
  ];
  const variations = [
    { variation: 0, weight: percentage * 1000 },
    { variation: 1, weight: 100_000 - percentage * 1000 },
  ];
  const fallthrough =
    percentage > 0 ? { rollout: { contextKind: 'user', variations } } : { variation: 1 };
  const rules = [{ id: targeting.segment, clauses, variation: 0, trackEvents: false }];
  const state = { on: true, version: 1, salt: key, deleted: false, trackEvents: false };
  return {
    key,
    ...state,
    rules,
    fallthrough,
    offVariation: 1,
    variations: [true, false],
    targets: [],
    prerequisites: [],
  };
}
