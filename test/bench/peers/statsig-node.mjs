import { createRequire } from 'node:module';
import { step } from '../walk.mjs';
import { statsigLists } from './statsig-specs.mjs';

const { StatsigServer } = createRequire(import.meta.url)('statsig-node');

/** Statsig's JavaScript SDK in local mode, from bootstrap values, without exposure events. */
export async function open(definitions) {
  const client = new StatsigServer('secret-bench', {
    localMode: true,
    bootstrapValues: statsigLists(definitions),
    disableAllLogging: true,
    disableDiagnostics: true,
    disableRulesetsSync: true,
    disableIdListsSync: true,
    initStrategyForIP3Country: 'none',
    initStrategyForIDLists: 'none',
  });
  await client.initializeAsync();
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
    people.map(({ id, context }) => ({
      userID: id,
      custom: { ...context, age: Number(context.age) },
    }));
  const answer = (_kind, flagKey, user) => String(client.checkGate(user, flagKey, quiet));
  return { users, boolean, answer, close: () => client.shutdown() };
}
