import { once } from 'node:events';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { step } from '../walk.mjs';

/** Unleash from its bootstrap option; it is never started, so it makes no request. */
export async function open(definitions) {
  const client = new Unleash({
    appName: 'bench',
    url: 'http://127.0.0.1:9',
    bootstrap: { data: definitions.map(toggle) },
    storageProvider: new InMemStorageProvider(),
    disableMetrics: true,
    disableAutoStart: true,
    refreshInterval: 0,
  });
  client.on('error', () => {});
  const ready = once(client, 'ready');
  await client.repository.loadBootstrap();
  await ready;

  function boolean(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.isEnabled(keys[walk.flag], users[walk.user]) ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  const users = (people) => people.map(({ id, context }) => ({ userId: id, properties: context }));
  const answer = (_kind, flagKey, user) => String(client.isEnabled(flagKey, user));
  return { users, boolean, answer, close: () => client.destroy() };
}

function toggle({ key, targeting, percentage }) {
  const constraints = [
    { contextName: 'plan', operator: 'IN', values: [targeting.plan], inverted: false },
    { contextName: 'country', operator: 'IN', values: targeting.countries, inverted: false },
    {
      contextName: 'age',
      operator: 'NUM_GT',
      value: String(targeting.olderThan),
      values: [],
      inverted: false,
    },
  ];
  const strategies = [{ name: 'default', parameters: {}, constraints }];
  if (percentage !== undefined) {
    const parameters = { rollout: String(percentage), stickiness: 'userId', groupId: key };
    strategies.push({ name: 'flexibleRollout', parameters, constraints: [] });
  }
  return {
    name: key,
    type: 'release',
    enabled: true,
    project: 'default',
    stale: false,
    impressionData: false,
    strategies,
    variants: [],
  };
}
