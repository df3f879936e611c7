// What every contender evaluates: flags, users, and the order in which they are asked.
// Everything is arithmetic on indexes, so that engine/benches/evaluate.rs builds the same.

const COUNTRIES = ['DE', 'AT', 'CH', 'FR', 'IT', 'ES', 'NL', 'BE', 'PL', 'SE'];
export const USERS = 10_000;

/** The users, parsed from JSON as a request handler would get them: flat strings, one hidden class. */
export function users() {
  const list = [];
  for (let index = 0; index < USERS; index++) {
    const hash = Math.imul(index + 1, 2654435761) >>> 0;
    list.push({
      id: `user-${hash.toString(16).padStart(8, '0')}`,
      context: {
        country: COUNTRIES[(hash >>> 8) % 10],
        plan: (hash >>> 16) % 10 < 7 ? 'pro' : 'free',
        age: String(18 + ((hash >>> 4) % 50)),
      },
    });
  }
  return JSON.parse(JSON.stringify(list));
}

/**
 * The definition of one flag, free of any vendor's format. `kind` is `boolean` (targeting, and for every second
 * flag a percentage behind it), `plain` (no rollouts) or `variant` (targeting, then a split in halves).
 */
export function flag(index, kind) {
  const targeting = {
    segment: `segment-${index}`,
    plan: index % 5 === 0 ? 'free' : 'pro',
    countries: Array.from({ length: 7 }, (_, offset) => COUNTRIES[(index + offset) % 10]),
    olderThan: 20 + (index % 10),
  };
  const key = `flag-${index}`;
  if (kind === 'plain') return { key, kind, enabled: index % 2 === 0 };
  if (kind === 'variant')
    return { key, kind, enabled: true, targeting, variants: ['control', 'treatment'] };
  return {
    key,
    kind,
    enabled: false,
    targeting,
    percentage: index % 2 === 0 ? undefined : 10 + ((index * 7) % 81),
  };
}

/** The flags of a namespace; `mixed` alternates between `boolean` and `variant`. */
export function flags(count, kind) {
  const kindOf = (index) => (kind === 'mixed' ? (index % 2 === 0 ? 'boolean' : 'variant') : kind);
  return Array.from({ length: count }, (_, index) => flag(index, kindOf(index)));
}

/** Flag keys as literals in a program are: internalised strings. */
export function keysOf(list) {
  return Object.keys(Object.fromEntries(list.map(({ key }) => [key, 0])));
}

/** The body of Flipt's snapshot endpoint for these flags. */
export function fliptBody(list, namespace = 'bench', digest = 'b'.repeat(40)) {
  return { namespace: { key: namespace }, flags: list.map(fliptFlag), digest };
}

function fliptFlag(definition) {
  const { key, kind, enabled } = definition;
  const type = kind === 'variant' ? 'VARIANT_FLAG_TYPE' : 'BOOLEAN_FLAG_TYPE';
  const times = { createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' };
  const flag = { key, name: '', description: '', enabled, type, ...times, rules: [], rollouts: [] };
  if (kind === 'variant') flag.rules.push(fliptRule(definition));
  if (kind === 'boolean') {
    const segment = {
      value: true,
      segmentOperator: 'OR_SEGMENT_OPERATOR',
      segments: [fliptSegment(definition)],
    };
    flag.rollouts.push({ type: 'SEGMENT_ROLLOUT_TYPE', rank: 1, segment });
    if (definition.percentage !== undefined) {
      const threshold = { percentage: definition.percentage, value: true };
      flag.rollouts.push({ type: 'THRESHOLD_ROLLOUT_TYPE', rank: 2, threshold });
    }
  }
  return flag;
}

function fliptRule(definition) {
  const id = `rule-${definition.key}`;
  const distributions = definition.variants.map((variantKey) => ({
    ruleId: id,
    variantId: '',
    variantKey,
    variantAttachment: `{"colour":"${variantKey}"}`,
    rollout: 50,
  }));
  return {
    id,
    segments: [fliptSegment(definition)],
    rank: 1,
    segmentOperator: 'OR_SEGMENT_OPERATOR',
    distributions,
  };
}

function fliptSegment({ targeting }) {
  const constraint = (id, type, property, operator, value) => ({
    id,
    type: `${type}_CONSTRAINT_COMPARISON_TYPE`,
    property,
    operator,
    value,
  });
  return {
    key: targeting.segment,
    name: '',
    description: '',
    matchType: 'ALL_SEGMENT_MATCH_TYPE',
    ...{ createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' },
    constraints: [
      constraint('1', 'STRING', 'plan', 'eq', targeting.plan),
      constraint('2', 'STRING', 'country', 'isoneof', JSON.stringify(targeting.countries)),
      constraint('3', 'NUMBER', 'age', 'gt', String(targeting.olderThan)),
    ],
  };
}

/** How many `mixed` flags make a snapshot body of about this many bytes. */
export function flagsOfSize(bytes) {
  const sample = JSON.stringify(fliptBody(flags(1000, 'mixed'))).length / 1000;
  return Math.round(bytes / sample);
}

/** Texts of two snapshot bodies, of which the first flag differs. */
export function twoBodies(count, kind) {
  const [first, ...others] = flags(count, kind);
  return [false, true].map((enabled) => {
    const digest = (enabled ? 'a' : 'b').repeat(40);
    return JSON.stringify(fliptBody([{ ...first, enabled }, ...others], 'bench', digest));
  });
}

/** Cases that are compared one by one: every flag with some users, and the hot flags with many. */
export function cases(flagCount) {
  const list = [];
  for (let flag = 0; flag < flagCount; flag++)
    for (let user = 0; user < 20; user++) list.push([flag, (flag * 31 + user * 499) % USERS]);
  for (let flag = 0; flag < Math.min(20, flagCount); flag++)
    for (let user = 0; user < 1000; user++) list.push([flag, user * 10]);
  return list;
}
