// The flag state that every example runs on, as a Flipt v2 server writes it.

const segment = (key, property, operator, value) => ({
  key,
  name: key,
  description: '',
  matchType: 'ALL_SEGMENT_MATCH_TYPE',
  constraints: [{ type: 'STRING_CONSTRAINT_COMPARISON_TYPE', property, operator, value }],
});

const premium = segment('premium', 'plan', 'eq', 'premium');
const staff = segment('staff', 'email', 'suffix', '@shop.example');

const everyone = { ...premium, key: 'everyone', name: 'everyone', constraints: [] };

const flag = (key, type, rest) => ({
  key,
  name: key,
  description: '',
  enabled: true,
  type: `${type}_FLAG_TYPE`,
  rules: [],
  rollouts: [],
  ...rest,
});

const boolean = (key, enabled, rollouts = []) => flag(key, 'BOOLEAN', { enabled, rollouts });

const toSegment = (rank, value, ...segments) => ({
  type: 'SEGMENT_ROLLOUT_TYPE',
  rank,
  segment: { value, segmentOperator: 'OR_SEGMENT_OPERATOR', segments },
});

const toShare = (rank, value, percentage) => ({
  type: 'THRESHOLD_ROLLOUT_TYPE',
  rank,
  threshold: { value, percentage },
});

const rule = (rank, segments, distributions) => ({
  id: `rule-${rank}`,
  rank,
  segmentOperator: 'OR_SEGMENT_OPERATOR',
  segments,
  distributions,
});

const share = (variantKey, rollout, variantAttachment = '') => ({
  variantKey,
  rollout,
  variantAttachment,
});

const standard = (key, attachment = '') => ({ defaultVariant: { id: key, key, attachment } });

const variant = (key, rules, rest) => flag(key, 'VARIANT', { rules, ...rest });

/** Flag state of the shop; in every second revision `banner` is off and `page-size` is smaller. */
export function stateOf(revision, namespace) {
  const isOdd = revision % 2 === 1;
  const light = '{"background":"#fff","accent":"#06c"}';
  const dark = '{"background":"#111","accent":"#fd0"}';
  return {
    namespace: { key: namespace },
    digest: revision.toString(16).padStart(40, '0'),
    flags: [
      boolean('banner', isOdd),
      boolean('new-checkout', false, [toSegment(1, true, premium, staff), toShare(2, true, 25)]),
      boolean('beta-search', false, [toSegment(1, true, staff)]),
      variant('theme', [rule(1, [premium], [share('dark', 100, dark)])], standard('light', light)),
      variant(
        'page-size',
        [rule(1, [premium], [share('large', 100, '100')])],
        standard('small', isOdd ? '20' : '10'),
      ),
      variant(
        'price-test',
        [rule(1, [everyone], [share('control', 50), share('discount', 50)])],
        {},
      ),
      variant('support-tier', [rule(1, [premium], [share('priority', 100)])], standard('standard')),
      variant('old-search', [], { enabled: false }),
    ],
  };
}
