// Namespaces at the edge of what a snapshot may be. `asks` are the flags to evaluate, `published` whether the published
// client reads the response body itself.

const segment = (key, constraints = []) => ({
  key,
  name: '',
  matchType: 'ALL_SEGMENT_MATCH_TYPE',
  constraints,
});
const distribution = (variantKey, rollout = 100) => ({
  ruleId: '',
  variantKey,
  variantAttachment: '{"a":1}',
  rollout,
});
const rule = (id, rank, key, variant) => ({
  id,
  rank,
  segments: [
    segment(key, [
      { type: 'STRING_CONSTRAINT_COMPARISON_TYPE', property: key, operator: 'eq', value: 'yes' },
    ]),
  ],
  segmentOperator: 'OR_SEGMENT_OPERATOR',
  distributions: [distribution(variant)],
});
const variantFlag = (key, rules, rest = {}) => ({
  key,
  name: key,
  description: '',
  enabled: true,
  type: 'VARIANT_FLAG_TYPE',
  rules,
  rollouts: [],
  ...rest,
});
const booleanFlag = (key, rollouts, rest = {}) => ({
  ...variantFlag(key, [], rest),
  type: 'BOOLEAN_FLAG_TYPE',
  rollouts,
});
const threshold = (percentage, value = true) => ({
  type: 'THRESHOLD_ROLLOUT_TYPE',
  rank: 1,
  threshold: { percentage, value },
});
const without = (object, name) =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
const twoRules = (first, second) =>
  variantFlag('v', [rule(first, 1, 'one', 'a'), rule(second, 2, 'two', 'b')]);

export const AWKWARD = [
  { title: 'empty rule ids', flags: [twoRules('', '')], published: true },
  { title: 'one rule id twice in a flag', flags: [twoRules('same', 'same')], published: true },
  {
    title: 'one rule id in two flags',
    flags: [
      variantFlag('v', [rule('r', 1, 'one', 'a')]),
      variantFlag('w', [rule('r', 1, 'one', 'b')]),
    ],
    published: true,
  },
  {
    title: 'rule ids that look like made ones',
    flags: [variantFlag('v', [rule('v-2', 1, 'one', 'a'), rule('v-1', 2, 'two', 'b')])],
    published: true,
  },
  {
    title: 'no rule ids',
    published: true,
    flags: [variantFlag('v', [without(rule('', 1, 'one', 'a'), 'id')])],
  },
  { title: 'a flag without a name', flags: [without(twoRules('1', '2'), 'name')] },
  {
    title: 'a flag with nothing but key and type',
    flags: [
      { key: 'v', type: 'VARIANT_FLAG_TYPE', enabled: true },
      { key: 'b', type: 'BOOLEAN_FLAG_TYPE', enabled: true },
    ],
  },
  {
    title: 'nulls as a v1 server sends them',
    flags: [
      variantFlag('v', null, { rollouts: null, defaultVariant: null }),
      booleanFlag('b', null, { rules: null }),
    ],
    published: true,
  },
  {
    title: 'a flag of an unknown type',
    flags: [{ ...twoRules('1', '2'), type: 'FUTURE_FLAG_TYPE' }, booleanFlag('b', [])],
    published: true,
    unlike: ['v'],
  },
  {
    title: 'a rollout of an unknown type',
    flags: [
      booleanFlag('b', [
        { ...threshold(100), type: 'FUTURE_ROLLOUT_TYPE' },
        { ...threshold(0), rank: 2 },
      ]),
    ],
    published: true,
  },
  {
    title: 'a constraint of an unknown type',
    flags: [
      variantFlag('v', [
        {
          ...rule('1', 1, 'one', 'a'),
          segments: [
            segment('s', [{ type: 'FUTURE', property: 'one', operator: 'eq', value: 'yes' }]),
          ],
        },
      ]),
    ],
    published: true,
  },
  {
    title: 'a constraint with an unknown operator',
    flags: [
      variantFlag('v', [
        {
          ...rule('1', 1, 'one', 'a'),
          segments: [
            segment('s', [
              {
                type: 'STRING_CONSTRAINT_COMPARISON_TYPE',
                property: 'one',
                operator: 'future',
                value: 'yes',
              },
            ]),
          ],
        },
      ]),
    ],
    published: true,
  },
  {
    title: 'segments without constraints, and constraints null',
    flags: [
      variantFlag('v', [
        {
          ...rule('1', 1, 'one', 'a'),
          segments: [without(segment('s'), 'constraints'), { ...segment('t'), constraints: null }],
        },
      ]),
    ],
  },
  {
    title: 'a rule without segments, both operators',
    flags: [
      variantFlag('v', [{ ...rule('1', 1, 'one', 'a'), segments: [] }]),
      variantFlag('w', [
        { ...rule('1', 1, 'one', 'a'), segments: [], segmentOperator: 'AND_SEGMENT_OPERATOR' },
      ]),
    ],
    published: true,
  },
  {
    title: 'percentages without bounds',
    flags: [
      booleanFlag('b', [threshold(-5)]),
      booleanFlag('c', [threshold(150)]),
      booleanFlag('d', [threshold(1e-7)]),
    ],
    published: true,
    unlike: ['d'],
  },
  {
    title: 'an infinite percentage',
    flags: [booleanFlag('b', [threshold('Infinity')]), booleanFlag('c', [threshold('-Infinity')])],
    // The published client writes both as null.
    unlike: ['c'],
  },
  {
    title: 'ranks out of order, absent and negative',
    published: true,
    flags: [
      variantFlag('v', [rule('1', 2, 'one', 'a'), rule('2', 1, 'two', 'b')]),
      variantFlag('w', [
        without(rule('1', 1, 'one', 'a'), 'rank'),
        without(rule('2', 1, 'two', 'b'), 'rank'),
      ]),
      variantFlag('x', [rule('1', -2, 'one', 'a'), rule('2', -1, 'two', 'b')]),
    ],
  },
  {
    title: 'one flag key twice',
    flags: [
      twoRules('1', '2'),
      { ...variantFlag('v', [rule('3', 1, 'two', 'c')]) },
      booleanFlag('b', []),
    ],
    published: true,
  },
  {
    title: 'keys that objects have by nature',
    published: true,
    flags: [
      variantFlag('__proto__', [rule('__proto__', 1, 'constructor', 'toString')]),
      booleanFlag('constructor', [threshold(100)]),
      booleanFlag('', []),
    ],
  },
  {
    title: 'one malformed flag among good ones',
    flags: [twoRules('1', '2'), { key: 'x', rules: 7 }, 'text', null, booleanFlag('b', [])],
    unlike: ['x'],
  },
  { title: 'no flags', flags: [], published: true },
].map(({ flags, ...rest }) => ({
  unlike: [],
  ...rest,
  flags,
  body: Buffer.from(JSON.stringify({ namespace: { key: 'awkward' }, digest: 'awkward', flags })),
}));

/** Contexts that reach every rule above. */
export const CONTEXTS = [
  {},
  { one: 'yes' },
  { two: 'yes' },
  { one: 'yes', two: 'yes', constructor: 'yes' },
];
