// Typed details, put into the form of recorded answers as far as they say the same.

import { isDeepStrictEqual } from 'node:util';

const NONE = Symbol('none');
const STAND_INS = ['entityId', 'userId', 'user_id'];
const BECAUSE = {
  MATCH_EVALUATION_REASON: ['TARGETING_MATCH', 'SPLIT'],
  DEFAULT_EVALUATION_REASON: ['DEFAULT', 'STATIC'],
  UNKNOWN_EVALUATION_REASON: ['DEFAULT'],
  FLAG_DISABLED_EVALUATION_REASON: ['DISABLED'],
};

/** Asks for the details of one recorded request. */
export function askTyped(client, { kind, request }) {
  const { flagKey } = request;
  return kind === 'boolean'
    ? client.getBooleanDetails(flagKey, NONE, contextOf(request))
    : client.getStringDetails(flagKey, NONE, contextOf(request));
}

/** The same through the call for all flags. */
export function askAll(client, { kind, request, status }) {
  const { flagKey } = request;
  const details = client.evaluateAll(contextOf(request), { keys: [flagKey] })[flagKey];
  if (details === undefined) return { errorCode: 'FLAG_NOT_FOUND' };
  // The call wants no type, so that one that is missing the entity is told that first.
  if (details.errorCode === 'TARGETING_KEY_MISSING' && status === 400)
    return { errorCode: 'TYPE_MISMATCH' };
  if (details.errorCode !== undefined) return details;
  if ((typeof details.value === 'boolean') !== (kind === 'boolean'))
    return { errorCode: 'TYPE_MISMATCH' };
  return kind === 'boolean' ? details : { ...details, value: details.variant ?? NONE };
}

/** The recorded answer's form of details: equal to what was expected exactly when nothing in them contradicts it. */
export function givenByDetails(details, expected, { status, request }) {
  const { errorCode } = details;
  if (status !== 200)
    return errorCode === (status === 404 ? 'FLAG_NOT_FOUND' : 'TYPE_MISMATCH') ? expected : details;
  if (request.entityId.trim() === '') {
    // Whether the entity counts is the flag's affair; all that can be said here is that only blank ids are missed.
    if (errorCode === 'TARGETING_KEY_MISSING') return expected;
    // Another property stood in for it, and no server was asked about that entity.
    if (STAND_INS.some((name) => name in request.context)) return expected;
  }
  const isSame =
    errorCode === undefined &&
    isDeepStrictEqual([...details.segmentKeys].sort(), expected.segmentKeys) &&
    details.value === worth(expected) &&
    isBecause(details, expected);
  return isSame ? expected : details;
}

function contextOf({ entityId, context }) {
  return { ...context, targetingKey: entityId };
}

function worth(expected) {
  return expected.kind === 'boolean' ? expected.enabled : expected.variantKey || NONE;
}

function isBecause({ reason, ruleId }, expected) {
  // A rule without a variant to give: a match to the server, the default to those who ask for a value.
  if (reason === 'DEFAULT' && ruleId !== undefined) return true;
  const isRule = reason === 'TARGETING_MATCH' || reason === 'SPLIT';
  return BECAUSE[expected.reason].includes(reason) && isRule === (ruleId !== undefined);
}
