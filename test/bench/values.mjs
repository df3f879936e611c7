import { Contender, measure, minimumAndMedian } from './rounds.mjs';
import { ratio } from './rows.mjs';

const FLAGS = 1000;
/** What two measurements of the same thing may differ by. */
const NOISE = 1.05;

/**
 * Typed values against the raw evaluations beneath them, and all flags at once against a batch of `them`. Returns what
 * is wrong.
 */
export async function values({ rows, us, them, rounds, progress }) {
  const lane = (contender, method, kind = 'boolean', asked = 20) => ({
    contender,
    question: { namespace: { kind, count: FLAGS }, asked, method },
  });

  progress('typed values');
  const booleans = await measure(
    { raw: lane(us, 'boolean'), value: lane(us, 'value'), details: lane(us, 'details') },
    rounds,
  );
  rows.atMost('getBooleanValue, over evaluateBoolean', 'nanos', over(booleans, 'value'), 60);
  rows.atMost('  getBooleanDetails, over it', 'nanos', over(booleans, 'details'), 250);

  progress('typed values of variants');
  const variants = await measure(
    {
      raw: lane(us, 'variant', 'variant'),
      value: lane(us, 'variantValue', 'variant'),
      object: lane(us, 'variantObject', 'variant'),
      details: lane(us, 'variantDetails', 'variant'),
    },
    rounds,
  );
  rows.atMost('getStringValue, over evaluateVariant', 'nanos', over(variants, 'value'), 60);
  rows.atMost('  getObjectValue, over it', 'nanos', over(variants, 'object'), 60);
  rows.atMost('  getStringDetails, over it', 'nanos', over(variants, 'details'), 250);

  progress('hooks and channels without anybody');
  const unobserved = new Contender('flipt-native-unobserved');
  try {
    const asking = await measure(
      { value: lane(us, 'value'), without: lane(unobserved, 'value') },
      rounds,
    );
    const cost = ratio(asking.get('value'), asking.get('without'));
    rows.atMost('hooks and channels, nobody there, on getBooleanValue', 'times', cost, NOISE);
  } finally {
    await unobserved.end();
  }

  progress('all flags at once');
  const all = await measure(
    { us: lane(us, 'all', 'boolean', FLAGS), them: lane(them, 'all', 'boolean', FLAGS) },
    rounds,
    FLAGS,
  );
  const [ours, theirs] = [all.get('us'), all.get('them')];
  rows.atMost(`evaluateAll of ${FLAGS.toLocaleString('en')} flags`, 'micros', thousandth(ours));
  rows.atLeast("  against flipt-client-js's batch of them", 'times', ratio(theirs, ours), 40);
  return ours.checksum === theirs.checksum
    ? []
    : [`evaluateAll: checksum ${ours.checksum}, flipt-client-js has ${theirs.checksum}`];
}

/** What a lane takes more than the raw one, round by round. */
function over(measured, name) {
  const [lane, raw] = [measured.get(name), measured.get('raw')];
  const differences = lane.nanos.map((nanos, round) => nanos - raw.nanos[round]);
  return {
    median: minimumAndMedian(differences).median,
    minimum: lane.minimum - raw.minimum,
  };
}

function thousandth({ minimum, median }) {
  return { minimum: minimum / 1e3, median: median / 1e3 };
}
