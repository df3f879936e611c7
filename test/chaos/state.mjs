// Flag state by revision, and what each flag must answer then. No two revisions answer alike.

const everyone = 'größe ✓ 😀';

/** The body of a revision, as a Flipt v2 server writes it. `padding` makes it larger by about as many bytes. */
export function stateOf(revision, { namespace = 'default', padding = 0 } = {}) {
  return {
    namespace: { key: namespace },
    flags: [
      boolean('banner', revision % 2 === 0),
      boolean('checkout', false, [onSegment('premium'), onSegment('team', 2)]),
      boolean('pioneer', false, [onSegment('early')]),
      variant('edition', revision, [rule('premium', 'gold', revision)]),
      { ...variant('retired', revision, [rule('premium', 'gold', revision)]), enabled: false },
      withoutName(boolean('nameless', true)),
      ...ballast(padding),
    ],
    digest: digestOf(revision),
  };
}

/** The digest of a revision: 40 hexadecimal characters. */
export const digestOf = (revision) => revision.toString(16).padStart(40, '0');

/** The revision that a digest stands for. */
export const revisionOf = (digest) => Number.parseInt(digest, 16);

/** Questions, each with the answer under a revision. */
export function questions(revision) {
  const on = revision % 2 === 0;
  const ask = (flagKey, context, kind, answer) => ({ flagKey, context, kind, answer });
  const bool = (flagKey, context, enabled, ...segmentKeys) =>
    ask(flagKey, context, 'boolean', { enabled, reason: reasonOf(segmentKeys), segmentKeys });
  const chosen = (flagKey, context, name, ...segmentKeys) =>
    ask(flagKey, context, 'variant', {
      match: segmentKeys.length > 0,
      variantKey: `${name}-${revision}`,
      variantAttachment: attachment(name, revision),
      reason: reasonOf(segmentKeys),
      segmentKeys,
    });
  return [
    bool('banner', {}, on),
    bool('checkout', {}, false),
    bool('checkout', { plan: 'premium' }, true, 'premium'),
    bool('checkout', { seats: 12 }, true, 'team'),
    bool('checkout', { seats: 2, plan: null }, false),
    bool('pioneer', { signup: '2024-05-06' }, true, 'early'),
    bool('pioneer', { signup: '2025-05-06T00:00:00Z' }, false),
    chosen('edition', {}, 'plain'),
    chosen('edition', { plan: 'premium' }, 'gold', 'premium'),
    ask('retired', { plan: 'premium' }, 'variant', {
      match: false,
      variantKey: `plain-${revision}`,
      variantAttachment: attachment('plain', revision),
      reason: 'FLAG_DISABLED_EVALUATION_REASON',
      segmentKeys: [],
    }),
    bool('nameless', {}, true),
  ];
}

/** What a client answers differently from what a revision demands, one text each. */
export function wrongAnswers(client, revision) {
  return questions(revision).flatMap(({ flagKey, context, kind, answer }) => {
    const request = { flagKey, entityId: 'ann', context };
    const got =
      kind === 'boolean' ? client.evaluateBoolean(request) : client.evaluateVariant(request);
    return Object.entries(answer)
      .filter(([name, value]) => JSON.stringify(got[name]) !== JSON.stringify(value))
      .map(
        ([name, value]) =>
          `${flagKey}.${name} is ${JSON.stringify(got[name])} instead of ${JSON.stringify(value)}`,
      );
  });
}

const reasonOf = (segmentKeys) =>
  segmentKeys.length > 0 ? 'MATCH_EVALUATION_REASON' : 'DEFAULT_EVALUATION_REASON';

const attachment = (name, revision) => JSON.stringify({ name, revision, everyone });

const segments = {
  premium: ['STRING', 'plan', 'eq', 'premium'],
  team: ['NUMBER', 'seats', 'gt', '5'],
  early: ['DATETIME', 'signup', 'lt', '2025-01-01'],
};

function segment(key) {
  const [type, property, operator, value] = segments[key];
  return {
    key,
    name: '',
    description: '',
    matchType: 'ALL_SEGMENT_MATCH_TYPE',
    constraints: [{ type: `${type}_CONSTRAINT_COMPARISON_TYPE`, property, operator, value }],
  };
}

const onSegment = (key, rank = 1) => ({
  type: 'SEGMENT_ROLLOUT_TYPE',
  rank,
  segment: { value: true, segmentOperator: 'OR_SEGMENT_OPERATOR', segments: [segment(key)] },
});

const rule = (key, name, revision) => ({
  id: `rule-${name}`,
  rank: 1,
  segmentOperator: 'OR_SEGMENT_OPERATOR',
  segments: [segment(key)],
  distributions: [
    {
      variantKey: `${name}-${revision}`,
      rollout: 100,
      variantAttachment: attachment(name, revision),
    },
  ],
});

function boolean(key, enabled, rollouts = []) {
  const description = `about ${key}, ${everyone}`;
  return { key, name: key, description, enabled, type: 'BOOLEAN_FLAG_TYPE', rules: [], rollouts };
}

function variant(key, revision, rules) {
  const name = 'plain';
  return {
    key,
    name: key,
    description: '',
    enabled: true,
    type: 'VARIANT_FLAG_TYPE',
    rules,
    rollouts: [],
    defaultVariant: {
      id: name,
      key: `${name}-${revision}`,
      attachment: attachment(name, revision),
    },
  };
}

function withoutName({ name: _name, ...flag }) {
  return flag;
}

function ballast(bytes) {
  const each = 1_000;
  return Array.from({ length: Math.ceil(bytes / each) }, (_, index) => ({
    ...boolean(`ballast-${index}`, true),
    description: 'x'.repeat(each),
  }));
}
