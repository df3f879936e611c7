import { step } from '../walk.mjs';
import { fliptBody } from '../workload.mjs';

/** The measured loops of the two clients that share Flipt's API; each contender runs in a process of its own. */
export async function fliptLoops(definitions, init) {
  const body = JSON.stringify(fliptBody(definitions));
  const client = await init(() =>
    Promise.resolve(new Response(body, { headers: { 'content-type': 'application/json' } })),
  );

  function boolean(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const user = users[walk.user];
      const result = client.evaluateBoolean({
        flagKey: keys[walk.flag],
        entityId: user.id,
        context: user.context,
      });
      sum += (result.enabled ? 1 : 0) + result.reason.length + result.segmentKeys.length;
      step(walk);
    }
    return sum;
  }

  function variant(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const user = users[walk.user];
      const result = client.evaluateVariant({
        flagKey: keys[walk.flag],
        entityId: user.id,
        context: user.context,
      });
      sum += (result.match ? 1 : 0) + result.reason.length + result.segmentKeys.length;
      sum += result.variantKey.length + (result.variantAttachment?.length ?? 0);
      step(walk);
    }
    return sum;
  }

  function batch(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const { id, context } = users[walk.user];
      const requests = [];
      for (let item = 0; item < 10; item++) {
        requests.push({ flagKey: keys[(walk.flag + item) % keys.length], entityId: id, context });
      }
      for (const {
        booleanEvaluationResponse: one,
        variantEvaluationResponse: other,
      } of client.evaluateBatch(requests).responses) {
        if (one) sum += (one.enabled ? 1 : 0) + one.reason.length + one.segmentKeys.length;
        else sum += (other.match ? 1 : 0) + other.reason.length + other.variantKey.length;
      }
      step(walk);
    }
    return sum;
  }

  function value(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.getBooleanValue(keys[walk.flag], false, users[walk.user].known) ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  function details(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const result = client.getBooleanDetails(keys[walk.flag], false, users[walk.user].known);
      sum += (result.value ? 1 : 0) + result.reason.length + result.segmentKeys.length;
      step(walk);
    }
    return sum;
  }

  function variantValue(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.getStringValue(keys[walk.flag], '', users[walk.user].known).length;
      step(walk);
    }
    return sum;
  }

  function variantDetails(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const result = client.getStringDetails(keys[walk.flag], '', users[walk.user].known);
      sum += result.value.length + result.reason.length + result.segmentKeys.length;
      step(walk);
    }
    return sum;
  }

  function variantObject(walk, calls) {
    const { keys, users } = walk;
    const none = { colour: '' };
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      sum += client.getObjectValue(keys[walk.flag], none, users[walk.user].known).colour.length;
      step(walk);
    }
    return sum;
  }

  /** Every flag at once: by `evaluateAll` where there is one, else in one batch. */
  const all = client.evaluateAll === undefined ? allInABatch : allAtOnce;

  function allAtOnce(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const results = client.evaluateAll(users[walk.user].known);
      for (const key of keys) sum += results[key].value === true ? 1 : 0;
      step(walk);
    }
    return sum;
  }

  function allInABatch(walk, calls) {
    const { keys, users } = walk;
    let sum = 0;
    for (let call = 0; call < calls; call++) {
      const { id, context } = users[walk.user];
      const requests = keys.map((flagKey) => ({ flagKey, entityId: id, context }));
      for (const { booleanEvaluationResponse } of client.evaluateBatch(requests).responses) {
        sum += booleanEvaluationResponse.enabled ? 1 : 0;
      }
      step(walk);
    }
    return sum;
  }

  /** One case as text that the other client must give too. */
  function answer(kind, flagKey, user) {
    const request = { flagKey, entityId: user.id, context: user.context };
    if (kind === 'variant') {
      const { match, reason, segmentKeys, variantKey, variantAttachment } =
        client.evaluateVariant(request);
      return [match, reason, segmentKeys, variantKey, variantAttachment].join('|');
    }
    const { enabled, reason, segmentKeys } = client.evaluateBoolean(request);
    return [enabled, reason, segmentKeys].join('|');
  }

  return {
    // `known` is what typed values take: the entity and its context in one object.
    users: (people) =>
      people.map(({ id, context }) => ({ id, context, known: { targetingKey: id, ...context } })),
    boolean,
    variant,
    batch,
    value,
    details,
    variantValue,
    variantDetails,
    variantObject,
    all,
    answer,
    close: () => client.close?.(),
  };
}
