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
    users: (people) => people,
    boolean,
    variant,
    batch,
    answer,
    close: () => client.close?.(),
  };
}
