import * as values from './values.mjs';

/** Operators by constraint type; `list` ones take a list, `bare` ones no value. */
export const OPERATORS = {
  STRING: [
    'eq',
    'neq',
    'contains',
    'notcontains',
    'prefix',
    'suffix',
    'isoneof',
    'isnotoneof',
    'empty',
    'notempty',
  ],
  ENTITY_ID: [
    'eq',
    'neq',
    'contains',
    'notcontains',
    'prefix',
    'suffix',
    'isoneof',
    'isnotoneof',
    'empty',
    'notempty',
  ],
  NUMBER: ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'isoneof', 'isnotoneof', 'present', 'notpresent'],
  BOOLEAN: ['true', 'false', 'present', 'notpresent'],
  DATETIME: ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'present', 'notpresent'],
};
const TYPES = Object.keys(OPERATORS);
const LIST = ['isoneof', 'isnotoneof'];
const BARE = ['empty', 'notempty', 'present', 'notpresent', 'true', 'false'];

const PROPERTIES = [
  'country',
  'plan',
  'email',
  'age',
  'basket',
  'beta',
  'signed_up',
  'a b',
  '日本',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  ' spaced ',
  'user.email',
  '"',
  '\u2028',
  '0',
];

const PERCENTAGES = [
  -5, -0.5, 0, 1e-7, 0.1, 0.5, 0.99, 1, 1.5, 2, 10, 33, 33.3, 33.333333333333336, 49.99, 50, 66.67,
  99, 99.01, 99.9, 99.99999, 100, 100.5, 150, 1e39,
];

/**
 * A namespace as the body of a features file, with every operator and type, odd texts, and splits whose boundaries are
 * awkward. `generation` is the server's: 'v1' leaves out what a v1 snapshot cannot express.
 */
export function generateNamespace(random, key, generation) {
  const native = generation === 'v2' && random.chance(0.6);
  const segments = random.times(random.between(25, 60), (index) =>
    segment(random, `s${index}-${random.key(3)}`, native),
  );
  const flags = random.times(random.between(50, 90), (index) =>
    flag(random, index, segments, generation),
  );
  if (random.chance(0.3)) flags.push({ ...random.pick(flags), enabled: random.chance(0.5) });
  const version = generation === 'v1' ? '1.4' : native ? '1.6' : '1.5';
  return { version, namespace: generation === 'v1' ? key : { key, name: key }, flags, segments };
}

function segment(random, key, native) {
  const count = random.pick([0, 1, 1, 1, 1, 2, 2, 3, 4, 6]);
  return {
    key,
    name: key,
    match_type: random.pick(['ALL_MATCH_TYPE', 'ANY_MATCH_TYPE']),
    constraints: random.times(count, () => constraint(random, native)),
  };
}

function constraint(random, native) {
  const type = random.pick(TYPES);
  const operator = random.pick(OPERATORS[type]);
  const property = random.pick(PROPERTIES);
  return {
    type: `${type}_COMPARISON_TYPE`,
    property,
    operator,
    value: constraintValue(random, type, operator, native),
  };
}

function constraintValue(random, type, operator, native) {
  if (LIST.includes(operator)) {
    const list = random.times(random.pick([0, 1, 1, 2, 3, 5, 40]), () =>
      type === 'NUMBER' ? listNumber(random) : values.text(random),
    );
    if (native) return list;
    return random.chance(0.04)
      ? random.pick(['', '[', 'null', '[null]', '[1,"a"]', '{}', '[[]]', 'a'])
      : JSON.stringify(list);
  }
  if (BARE.includes(operator)) return random.chance(0.8) ? '' : values.text(random);
  const malformed = random.chance(0.03);
  switch (type) {
    case 'NUMBER':
      return wellFormed(
        () => values.number(random),
        malformed
          ? /^/
          : /^[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?|inf|infinity|nan|0x[\da-f]+p[-+]?\d{1,2})$/i,
        '1',
      );
    case 'DATETIME':
      return wellFormed(
        () => values.date(random),
        malformed
          ? /^/
          : /^\d{4}-(0[1-9]|1[0-2])-([01]\d|2[0-8])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[-+]([01]\d|2[0-3]):[0-5]\d))?$/,
        '2024-01-01',
      );
    default:
      return values.text(random);
  }
}

function wellFormed(make, pattern, otherwise) {
  for (let attempt = 0; attempt < 20; attempt++) {
    const value = make();
    if (pattern.test(value)) return value;
  }
  return otherwise;
}

function listNumber(random) {
  return random.pick([
    0,
    1,
    -1,
    1.5,
    0.1,
    18,
    100,
    1e3,
    1e20,
    5e-324,
    2 ** 53,
    random.below(1000),
    random.below(1000) / 7,
    -random.below(100),
  ]);
}

function flag(random, index, segments, generation) {
  const key = `${random.pick(['f', 'F', 'flag', 'x,y', '_', '-'])}${index}-${random.key(4)}`;
  const common = { key, name: key, enabled: random.chance(0.85) };
  if (random.chance(0.4)) {
    const rollouts = random.times(random.pick([0, 1, 1, 2, 3, 5]), () =>
      rollout(random, segments, generation),
    );
    return { ...common, type: 'BOOLEAN_FLAG_TYPE', rollouts };
  }
  const variants = random.times(random.pick([0, 1, 2, 2, 3, 3, 4, 7, 20]), (position) =>
    variant(random, position),
  );
  if (variants.length > 0 && random.chance(0.4)) random.pick(variants).default = true;
  const rules = random.times(random.pick([0, 1, 1, 2, 2, 3, 6]), () =>
    rule(random, segments, variants, generation),
  );
  return { ...common, type: 'VARIANT_FLAG_TYPE', variants, rules };
}

function variant(random, position) {
  const key = random.chance(0.7)
    ? `v${position}`
    : `${values.text(random).replaceAll('\n', '')}${position}`;
  return random.chance(0.5) ? { key } : { key, attachment: attachment(random, 0) };
}

function attachment(random, depth) {
  const entries = random.times(random.between(depth === 0 ? 1 : 0, 4), (index) => [
    random.chance(0.5) ? `k${index}` : `${index}${shortened(values.text(random))}`,
    attachmentValue(random, depth),
  ]);
  return Object.fromEntries(entries);
}

/** A mapping key: a YAML reader takes no more than 1,024 characters for one. */
function shortened(text) {
  return [...text].slice(0, 40).join('');
}

function attachmentValue(random, depth) {
  switch (random.below(depth > 2 ? 4 : 6)) {
    case 0:
      return values.text(random);
    case 1:
      return random.pick([
        0,
        1,
        -1,
        1.5,
        0.1,
        1e21,
        1e-7,
        123456789,
        9007199254740993n,
        9223372036854775807n,
        1e300,
        33.33,
      ]);
    case 2:
      return random.chance(0.5);
    case 3:
      return null;
    case 4:
      return random.times(random.below(4), () => attachmentValue(random, depth + 1));
    default:
      return attachment(random, depth + 1);
  }
}

function rule(random, segments, variants, generation) {
  return {
    segment: selection(random, segments, generation),
    distributions: variants.length === 0 ? [] : distributions(random, variants),
  };
}

function selection(random, segments, generation) {
  const operators = ['OR_SEGMENT_OPERATOR', 'OR_SEGMENT_OPERATOR', 'AND_SEGMENT_OPERATOR'];
  return { keys: segmentKeys(random, segments, generation), operator: random.pick(operators) };
}

function segmentKeys(random, segments, generation) {
  const some = (count) => random.times(count, () => random.pick(segments).key);
  // A v1 server repeats a rule for each of its segments, and leaves a rule without any out of the snapshot.
  if (generation === 'v1') return [...new Set(some(random.between(1, 4)))];
  // More than 32 do not fit into the fast path's answer.
  if (random.chance(0.03)) {
    const count = random.between(30, 40);
    return random
      .shuffle(segments)
      .slice(0, count)
      .map(({ key }) => key);
  }
  return some(random.pick([0, 1, 1, 1, 1, 2, 2, 3, 4]));
}

function distributions(random, variants) {
  const keys = random.shuffle(variants).map((item) => item.key);
  const some = random.chance(0.05) ? [] : keys.slice(0, random.between(1, keys.length));
  const style = random.below(9);
  return some.map((key, index) => ({
    variant: key,
    rollout: share(random, style, index, some.length),
  }));
}

function share(random, style, index, count) {
  switch (style) {
    case 0:
      return 100 / count;
    case 1:
      return Math.round(10_000 / count) / 100;
    case 2:
      return random.between(0, 100);
    case 3:
      return index + 1;
    case 4:
      return random.pick([0, 0, 100, 50]);
    case 5:
      return random.between(0, 10_000) / 100;
    case 6:
      return random.pick([0.001, 0.01, 0.05, 0.1, 0.15, 0.25, 1e-10]);
    case 7:
      return count === 1 ? 53 : index === 0 ? random.between(1, 99) : 1;
    default:
      return random.chance(0.5) ? 33.33 : 33.34;
  }
}

function rollout(random, segments, generation) {
  const value = random.chance(0.5);
  if (random.chance(0.5)) {
    const percentage = random.chance(0.7)
      ? random.pick(PERCENTAGES)
      : random.between(0, 10_000) / 100;
    return {
      threshold: { percentage: generation === 'v1' && percentage > 1e38 ? 100 : percentage, value },
    };
  }
  return { segment: { ...selection(random, segments, generation), value } };
}
