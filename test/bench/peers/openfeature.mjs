import { createRequire } from 'node:module';
import { step } from '../walk.mjs';

const { FliptProvider } = createRequire(import.meta.url)('../../../dist/openfeature.js');

/** What the provider adds to a client: the value alone, and the provider's answer to the same question. */
export async function openFeatureLoops(client) {
  const provider = new FliptProvider(client);
  await provider.initialize();
  const contexts = new Map();

  function contextsOf(users) {
    if (!contexts.has(users)) {
      contexts.set(
        users,
        users.map(({ id, context }) => ({ targetingKey: id, ...context })),
      );
    }
    return contexts.get(users);
  }

  function value(walk, calls) {
    const { keys } = walk;
    const people = contextsOf(walk.users);
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.getBooleanValue(keys[walk.flag], false, people[walk.user]) ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  /** Waits for the last answer alone: how long a promise takes to be heard is not the provider's. */
  async function resolved(walk, calls) {
    const { keys } = walk;
    const people = contextsOf(walk.users);
    let answer;
    for (let call = 0; call < calls; call++) {
      answer = provider.resolveBooleanEvaluation(keys[walk.flag], false, people[walk.user]);
      step(walk);
    }
    return (await answer).value ? 1 : 0;
  }

  async function awaited(walk, calls) {
    const { keys } = walk;
    const people = contextsOf(walk.users);
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const user = people[walk.user];
      sum += (await provider.resolveBooleanEvaluation(keys[walk.flag], false, user)).value ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  return { value, resolved, awaited };
}
