// Flag state for a real server, by revision, and the comparison of its answers with a client's.

import { isDeepStrictEqual } from 'node:util';
import { ask } from '../conformance/live/ask.mjs';

export const NAMESPACE = 'live';
const CONTEXTS = [{}, { plan: 'premium' }, { plan: 'basic', seats: '12' }];
const ENTITIES = 20;

/** A features document in which every revision answers differently. */
export function documentOf(revision) {
  const attachment = { revision, text: 'größe ✓ 😀' };
  return {
    version: '1.4',
    namespace: { key: NAMESPACE, name: 'Live' },
    flags: [
      {
        key: 'banner',
        name: 'Banner',
        type: 'BOOLEAN_FLAG_TYPE',
        enabled: revision % 2 === 0,
        rollouts: [{ threshold: { percentage: 30, value: revision % 2 !== 0 } }],
      },
      {
        key: 'edition',
        name: 'Edition',
        type: 'VARIANT_FLAG_TYPE',
        enabled: true,
        variants: [
          { key: 'plain', default: true, attachment },
          { key: 'silver', attachment },
          { key: 'gold', attachment },
        ],
        rules: [
          {
            segment: 'premium',
            distributions: [
              { variant: 'silver', rollout: 50 },
              { variant: 'gold', rollout: 50 },
            ],
          },
        ],
      },
      // Flipt v1 takes files of the same size and second for the same.
      {
        key: `only-in-${revision}`,
        name: 'x'.repeat(revision),
        type: 'BOOLEAN_FLAG_TYPE',
        enabled: true,
      },
    ],
    segments: [
      {
        key: 'premium',
        name: 'Premium',
        match_type: 'ANY_MATCH_TYPE',
        constraints: [
          { type: 'STRING_COMPARISON_TYPE', property: 'plan', operator: 'eq', value: 'premium' },
          { type: 'NUMBER_COMPARISON_TYPE', property: 'seats', operator: 'gt', value: '5' },
        ],
      },
    ],
  };
}

/** The documents of a server with one namespace. */
export const documents = (revision) => new Map([[NAMESPACE, documentOf(revision)]]);

/** Whether a client has the flag state of a revision. */
export function isAt(client, revision) {
  return client.isReady && client.listFlags().some(({ key }) => key === `only-in-${revision}`);
}

/** Asks the server and the client the same; resolves with the number of questions, fails where they differ. */
export async function compareAnswers(client, server) {
  const requests = Array.from({ length: ENTITIES }, (_, index) => `entity-${index}`).flatMap(
    (entityId) =>
      CONTEXTS.flatMap((context) =>
        ['banner', 'edition'].map((flagKey) => ({ flagKey, entityId, context })),
      ),
  );
  const body = { requests: requests.map((one) => ({ namespaceKey: NAMESPACE, ...one })) };
  const { status, response } = await ask(server.url, 'batch', body);
  if (status !== 200) throw new Error(`the server answered ${status}`);
  const ours = client.evaluateBatch(requests).responses;
  for (const [index, theirs] of response.responses.entries()) {
    const [expected, got] = [
      answerOf(theirs, 'Response'),
      answerOf(ours[index], 'EvaluationResponse'),
    ];
    if (!isDeepStrictEqual(expected, got)) {
      const [left, right] = [expected, got].map((one) => JSON.stringify(one));
      throw new Error(`${JSON.stringify(requests[index])}: the server says ${left}, we ${right}`);
    }
  }
  return requests.length;
}

function answerOf(item, suffix) {
  const {
    enabled,
    variantKey,
    variantAttachment,
    match,
    reason,
    segmentKeys = [],
  } = item[`boolean${suffix}`] ?? item[`variant${suffix}`];
  const isVariant = enabled === undefined;
  return isVariant
    ? { variantKey, variantAttachment: JSON.parse(variantAttachment), match, reason, segmentKeys }
    : { enabled, reason, segmentKeys };
}
