import { crc32 } from 'node:zlib';

import * as values from './values.mjs';

/** Evaluations for a generated namespace: `{ kind, flagKey, entityId, context }`, chosen to meet constraints and boundaries. */
export function generateCases(random, document, count) {
  const segments = new Map(document.segments.map((segment) => [segment.key, segment]));
  const prepared = document.flags.map((flag) => ({
    flag,
    constraints: constraintsOf(flag, segments),
    entities: boundaryEntities(random, flag),
  }));
  return random.times(count, () => generateCase(random, random.pick(prepared)));
}

function generateCase(random, { flag, constraints, entities }) {
  const flagKey = random.chance(0.005)
    ? random.pick(['', ' ', 'nope', '__proto__', `${flag.key} `, flag.key.toUpperCase()])
    : flag.key;
  const own = flag.type === 'BOOLEAN_FLAG_TYPE' ? 'boolean' : 'variant';
  const kind = random.chance(0.003) ? (own === 'boolean' ? 'variant' : 'boolean') : own;
  const entityId = entityFor(random, constraints, entities);
  return { kind, flagKey, entityId, context: contextFor(random, constraints) };
}

function constraintsOf(flag, segments) {
  const keys = [...(flag.rules ?? []), ...(flag.rollouts ?? [])].flatMap(
    (item) => item.segment?.keys ?? [],
  );
  return [...new Set(keys)].flatMap((key) => segments.get(key).constraints);
}

function entityFor(random, constraints, entities) {
  const own = constraints.filter((constraint) => constraint.type.startsWith('ENTITY_ID'));
  if (own.length > 0 && random.chance(0.5)) return valueFor(random, random.pick(own));
  if (entities.length > 0 && random.chance(0.6)) return random.pick(entities);
  return values.entity(random);
}

function contextFor(random, constraints) {
  const entries = constraints
    .filter((constraint) => !constraint.type.startsWith('ENTITY_ID') && random.chance(0.75))
    .map((constraint) => [constraint.property, valueFor(random, constraint)]);
  if (random.chance(0.1)) entries.push([values.text(random), values.text(random)]);
  return Object.fromEntries(random.shuffle(entries));
}

/** A context value that a constraint may well agree with. */
function valueFor(random, { type, operator, value }) {
  const wanted = operator.startsWith('is') ? random.pick([...listOf(value), 'x']) : value;
  if (random.chance(0.4)) return String(wanted);
  switch (type) {
    case 'NUMBER_COMPARISON_TYPE':
      return random.chance(0.3) ? near(random, String(wanted)) : values.number(random);
    case 'BOOLEAN_COMPARISON_TYPE':
      return values.boolean(random);
    case 'DATETIME_COMPARISON_TYPE':
      return values.date(random);
    default:
      return random.chance(0.5)
        ? values.variation(random, String(wanted)) +
            (operator === 'prefix' ? values.text(random) : '')
        : values.text(random, String(wanted));
  }
}

function listOf(value) {
  if (Array.isArray(value)) return value;
  try {
    const list = JSON.parse(value);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** Another way to write a number, or its neighbour. */
function near(random, wanted) {
  const number = Number(wanted);
  if (!Number.isFinite(number)) return wanted;
  return random.pick([
    String(number),
    `${number}.0`,
    `+${number}`,
    `0${number}`,
    number.toExponential(),
    number.toFixed(20),
    String(number + 1),
    String(number - 1),
    String(number + Number.EPSILON),
    String(-number),
  ]);
}

/** Entities that fall on, before and after the boundaries of the flag's splits and thresholds. */
function boundaryEntities(random, flag) {
  if (flag.type === 'BOOLEAN_FLAG_TYPE') {
    const percentages = flag.rollouts.flatMap((rollout) =>
      rollout.threshold ? [rollout.threshold.percentage] : [],
    );
    return search(random, percentages.flatMap(around), 100, (entity) => crc32(entity + flag.key));
  }
  const boundaries = flag.rules.flatMap(({ distributions }) => {
    const total = distributions.reduce((sum, { rollout }) => sum + rollout, 0);
    let cumulative = 0;
    return distributions.flatMap(({ rollout }) => {
      cumulative += rollout;
      return [...around((cumulative / total) * 1000), ...around(cumulative * 10)];
    });
  });
  return search(random, boundaries, 1000, (entity) => crc32(flag.key + entity));
}

function around(boundary) {
  const whole = Math.floor(boundary);
  return [whole - 1, whole, whole + 1];
}

function search(random, boundaries, buckets, hash) {
  const wanted = new Set(
    boundaries.filter((bucket) => bucket >= 0 && bucket < buckets).slice(0, 60),
  );
  const found = [];
  for (let attempt = 0; attempt < 4000 && wanted.size > 0; attempt++) {
    const entity = `e${random.below(1_000_000_000)}`;
    if (wanted.delete(hash(entity) % buckets)) found.push(entity);
  }
  return found;
}
