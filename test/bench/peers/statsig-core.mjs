import { createRequire } from 'node:module';
import { step } from '../walk.mjs';
import { statsigMaps } from './statsig-specs.mjs';

const { Statsig, StatsigUser } = createRequire(import.meta.url)('@statsig/statsig-node-core');

/** Statsig's native SDK (Rust behind napi) with the network off, from a data store in memory. */
export async function open(definitions) {
  const specs = statsigMaps(definitions);
  const dataStore = {
    initialize: async () => {},
    shutdown: async () => {},
    get: async () => ({ result: specs, time: 1_760_000_000_000 }),
    set: async () => {},
    supportPollingUpdatesFor: async () => false,
  };
  const client = new Statsig('secret-bench', {
    dataStore,
    disableNetwork: true,
    disableAllLogging: true,
    disableCountryLookup: true,
    outputLogLevel: 'none',
  });
  await client.initialize();
  const quiet = { disableExposureLogging: true };

  function boolean(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.checkGate(users[walk.user], keys[walk.flag], quiet) ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  const users = (people) =>
    people.map(
      ({ id, context }) =>
        new StatsigUser({ userID: id, custom: { ...context, age: Number(context.age) } }),
    );
  const answer = (_kind, flagKey, user) => String(client.checkGate(user, flagKey, quiet));
  return { users, boolean, answer, close: () => client.shutdown() };
}
