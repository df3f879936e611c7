import { isDeepStrictEqual } from 'node:util';

/** Asks the client one recorded question and returns its answer. */
export function ask(client, { kind, request }) {
  return kind === 'boolean' ? client.evaluateBoolean(request) : client.evaluateVariant(request);
}

/** Whether an answer says what the server said; time and duration are the process's own. */
export function isSame(answer, recorded) {
  const { timestamp, requestDurationMillis, ...fields } = answer;
  return (
    !Number.isNaN(Date.parse(timestamp)) && requestDurationMillis >= 0 && isAlike(fields, recorded)
  );
}

/** Whether two recorded answers say the same. */
export function isAlike(one, other) {
  return isDeepStrictEqual(comparable(one), comparable(other));
}

/** Attachments are compared as JSON values and segment keys as sets: the server writes both in varying ways. */
function comparable({ segmentKeys, variantAttachment, ...rest }) {
  return {
    ...rest,
    segmentKeys: [...segmentKeys].sort(),
    ...(variantAttachment === undefined
      ? {}
      : { attachment: variantAttachment === '' ? undefined : JSON.parse(variantAttachment) }),
  };
}

/** What an answer comes down to: `on`, `off`, a variant's key or `-`. */
export function outcome(answer) {
  if ('enabled' in answer) return answer.enabled ? 'on' : 'off';
  return answer.variantKey || '-';
}

/** Median time of one evaluation in nanoseconds, over several rounds of all `cases`. */
export function nanosecondsEach(client, cases, { rounds = 15, roundMs = 60 } = {}) {
  const asks = cases.map(({ kind, request }) =>
    kind === 'boolean'
      ? () => client.evaluateBoolean(request)
      : () => client.evaluateVariant(request),
  );
  round(asks, roundMs * 5);
  const times = Array.from({ length: rounds }, () => round(asks, roundMs));
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}

function round(asks, ms) {
  const started = performance.now();
  let count = 0;
  let took = 0;
  do {
    for (let pass = 0; pass < 20; pass += 1) for (const one of asks) one();
    count += 20 * asks.length;
    took = performance.now() - started;
  } while (took < ms);
  return (took * 1e6) / count;
}
