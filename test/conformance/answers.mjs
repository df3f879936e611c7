// Brings recorded and given answers into one form, in which equal answers are deeply equal.

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** The answer that a single call has to give for a recorded case; an error is known by its message. */
export function expectedOfSingle({ kind, namespace, request, status, response }) {
  if (status === 404) {
    return {
      error: `invalid request: failed to get flag information ${namespace}/${request.flagKey}`,
    };
  }
  if (status === 400) return { error: `invalid request: ${request.flagKey} is not a ${kind} flag` };
  return { kind, ...comparable(response) };
}

/** The item that a recorded single case has to become in a batch. */
export function expectedAsItem(recorded) {
  const { namespace, request, status } = recorded;
  if (status === 200) return expectedOfSingle(recorded);
  return {
    kind: 'error',
    flagKey: request.flagKey,
    namespaceKey: namespace,
    reason: 'NOT_FOUND_ERROR_EVALUATION_REASON',
  };
}

/** The items of a recorded batch. */
export function expectedOfBatch({ response }) {
  return response.responses.map((item) => itemOf(item, (kind) => `${kind}Response`));
}

/** What a call gave: the outcome of `call()`, an error by its message. */
export function givenBySingle(kind, call) {
  try {
    return { kind, ...comparable(timed(call())) };
  } catch (error) {
    return { error: error.message };
  }
}

/** The items of a batch response of ours. */
export function givenByBatch({ responses, requestDurationMillis, ...rest }) {
  if (Object.keys(rest).length > 0) throw new Error(`unknown fields ${Object.keys(rest)}`);
  if (!(requestDurationMillis >= 0)) throw new Error(`a duration of ${requestDurationMillis}`);
  return responses.map((item) =>
    itemOf(
      item,
      (kind) => `${kind}EvaluationResponse`,
      (kind, answer) => (kind === 'error' ? answer : timed(answer)),
    ),
  );
}

function itemOf(item, field, check = (_, answer) => answer) {
  const { type, ...fields } = item;
  const kind = type.slice(0, type.indexOf('_')).toLowerCase();
  const names = Object.keys(fields);
  if (names.length !== 1 || names[0] !== field(kind)) return { kind, fields: names };
  return { kind, ...comparable(check(kind, fields[field(kind)])) };
}

/** Takes the times off, which are ours and only have to be real. */
function timed({ requestDurationMillis, timestamp, ...answer }) {
  if (!(requestDurationMillis >= 0)) throw new Error(`a duration of ${requestDurationMillis}`);
  if (!TIMESTAMP.test(timestamp)) throw new Error(`a timestamp of ${timestamp}`);
  return answer;
}

/** The order of segment keys has no meaning; attachments are equal as JSON values. */
function comparable(answer) {
  const compared = { ...answer };
  if ('segmentKeys' in answer) compared.segmentKeys = [...answer.segmentKeys].sort();
  if (answer.variantAttachment)
    compared.variantAttachment = { json: JSON.parse(answer.variantAttachment) };
  return compared;
}

/**
 * Tells the answers that a snapshot cannot give: a match without a segment, though every rule that the snapshot has for
 * the flag has one. A v1 server leaves rules without segments out of it, and still matches those that require all.
 */
export function unreproducible({ body }) {
  const flags = new Map(JSON.parse(body).flags.map((flag) => [flag.key, flag]));
  return (expected) =>
    expected.kind === 'variant' &&
    expected.match &&
    expected.segmentKeys.length === 0 &&
    flags.get(expected.flagKey).rules.every((rule) => rule.segments.length > 0);
}
