// Small flag state for tests, as a Flipt v2 server writes it.

export interface Body {
  namespace: { key: string };
  flags: object[];
  digest: string;
}

/** A v2 body; its digest is made of `revision`, so that another revision is another state. */
export function body(flags: object[], revision = 1, namespace = 'default'): Body {
  const digest = revision.toString(16).padStart(40, '0');
  return { namespace: { key: namespace }, flags, digest };
}

export const boolean = (key: string, enabled = true, rollouts: object[] = []) => ({
  key,
  name: key,
  description: `about ${key}`,
  enabled,
  type: 'BOOLEAN_FLAG_TYPE',
  rules: [],
  rollouts,
});

export const variant = (key: string, rules: object[], rest: object = {}) => ({
  key,
  name: key,
  description: '',
  enabled: true,
  type: 'VARIANT_FLAG_TYPE',
  rules,
  rollouts: [],
  ...rest,
});

export const segment = (key: string, constraints: object[], matchType = 'ALL') => ({
  key,
  name: '',
  description: '',
  matchType: `${matchType}_SEGMENT_MATCH_TYPE`,
  constraints,
});

export const constraint = (property: string, operator: string, value = '', type = 'STRING') => ({
  type: `${type}_CONSTRAINT_COMPARISON_TYPE`,
  property,
  operator,
  value,
});

export const segmentRollout = (value: boolean, ...segments: object[]) => ({
  type: 'SEGMENT_ROLLOUT_TYPE',
  rank: 1,
  segment: { value, segmentOperator: 'OR_SEGMENT_OPERATOR', segments },
});

export const rule = (segments: object[], variantKey: string, variantAttachment = 'null') => ({
  id: `rule-${variantKey}`,
  rank: 1,
  segmentOperator: 'OR_SEGMENT_OPERATOR',
  segments,
  distributions: [{ variantKey, rollout: 100, variantAttachment }],
});

/** A boolean flag that is on exactly where the context's `property` compares so. */
export const onWhere = (
  key: string,
  property: string,
  operator: string,
  value = '',
  type = 'STRING',
) =>
  boolean(key, false, [
    segmentRollout(true, segment(`${key}-segment`, [constraint(property, operator, value, type)])),
  ]);

const premium = segment('premium', [constraint('plan', 'eq', 'premium')]);
const staff = segment('staff', [constraint('email', 'suffix', '@shop.example')]);

/** One flag of each kind; revision 2 turns `banner` on. */
export function shop(revision = 1, namespace = 'default'): Body {
  return body(
    [
      boolean('banner', revision % 2 === 0),
      boolean('checkout', false, [segmentRollout(true, premium, staff)]),
      variant('colour', [rule([premium], 'gold', '{"hex":"#fd0"}'), rule([staff], 'red')]),
      variant('size', [rule([premium], 'large')], {
        defaultVariant: { id: 'm', key: 'medium', attachment: '{"cm":40}' },
      }),
      variant('old', [rule([premium], 'x')], { enabled: false }),
    ],
    revision,
    namespace,
  );
}
