import { cases, flags, users } from './workload.mjs';

/**
 * Compares answers case by case. The two Flipt clients must give the same text. The other products split by hashes of
 * their own, so that only targeting can be compared one by one; of the rest, the share that is on.
 */
export async function compare(contenders, reference, count = 1000) {
  const namespace = { count, kind: 'boolean' };
  const definitions = flags(count, 'boolean');
  const people = users();
  const expected = await contenders[0].ask('answers', { namespace });
  const results = new Map();
  for (const contender of contenders) {
    const given = await contender.ask('answers', { namespace });
    const whole = contender.peer === reference;
    const comparable = whole
      ? () => true
      : ([flag, user]) => isDecidedByTargeting(definitions[flag], people[user]);
    results.set(contender.peer, tally(expected, given, cases(count), comparable, whole));
  }
  return results;
}

function tally(expected, given, asked, comparable, whole) {
  const result = { compared: 0, different: 0, split: 0, on: 0, onExpected: 0 };
  asked.forEach((one, index) => {
    if (comparable(one)) {
      result.compared++;
      const same = whole
        ? given[index] === expected[index]
        : isOn(given[index]) === isOn(expected[index]);
      result.different += same ? 0 : 1;
    } else {
      result.split++;
      result.on += isOn(given[index]) ? 1 : 0;
      result.onExpected += isOn(expected[index]) ? 1 : 0;
    }
  });
  return result;
}

const isOn = (answer) => answer.startsWith('true');

/** Whether no hash takes part in the answer. */
export function isDecidedByTargeting({ targeting, percentage }, { context }) {
  const matches =
    context.plan === targeting.plan &&
    targeting.countries.includes(context.country) &&
    Number(context.age) > targeting.olderThan;
  return matches || percentage === undefined;
}
