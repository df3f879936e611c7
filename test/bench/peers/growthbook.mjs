import { GrowthBookClient } from '@growthbook/growthbook';
import { step } from '../walk.mjs';

/** GrowthBook's client for servers, from a payload. */
export async function open(definitions) {
  const features = Object.fromEntries(
    definitions.map((definition) => [definition.key, feature(definition)]),
  );
  const client = new GrowthBookClient().initSync({ payload: { features } });

  function boolean(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.isOn(keys[walk.flag], users[walk.user]) ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  const users = (people) =>
    people.map(({ id, context }) => ({ attributes: { id, ...context, age: Number(context.age) } }));
  const answer = (_kind, flagKey, user) => String(client.isOn(flagKey, user));
  return { users, boolean, answer, close: () => client.destroy() };
}

function feature({ targeting, percentage }) {
  const condition = {
    plan: targeting.plan,
    country: { $in: targeting.countries },
    age: { $gt: targeting.olderThan },
  };
  const rules = [{ id: targeting.segment, condition, force: true }];
  if (percentage !== undefined)
    rules.push({ force: true, coverage: percentage / 100, hashAttribute: 'id' });
  return { defaultValue: false, rules };
}
