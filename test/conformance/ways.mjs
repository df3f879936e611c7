import { isDeepStrictEqual } from 'node:util';

import {
  expectedAsItem,
  expectedOfBatch,
  expectedOfSingle,
  givenByBatch,
  givenBySingle,
  unreproducible,
} from './answers.mjs';
import { counters, forcePath } from './clients.mjs';
import { askAll, askTyped, givenByDetails } from './details.mjs';

const BATCH = 50;

/** The ways to an answer: every one is taken by every case that it admits. */
export const WAYS = ['fast', 'slow'].flatMap((path) => [
  { name: path, path, ask: askSingly },
  { name: `${path} details`, path, ask: askForDetails(askTyped) },
  { name: `${path} all`, path, ask: askForDetails(askAll) },
  { name: `${path} batch`, path, ask: askInBatches },
]);

/** The ways of these names, or all. */
export function waysNamed(names = WAYS.map(({ name }) => name)) {
  return names.map((name) => {
    const way = WAYS.find((one) => one.name === name);
    if (way) return way;
    throw new RangeError(`no way "${name}"; there are ${WAYS.map((one) => one.name).join(', ')}`);
  });
}

/**
 * Takes a group one way and returns `{ compared, refused, known, differences, taken }`: the answers compared, the single
 * calls refused for a blank id, the ids of the cases that no snapshot gives, and how often the evaluator counted each path.
 */
export function take(way, client, group) {
  const tally = new Tally(group);
  const before = { ...counters };
  forcePath(way.path === 'slow' ? 'slow' : undefined);
  try {
    way.ask(client, group, tally);
  } finally {
    forcePath(undefined);
  }
  const taken = {
    fast: counters.fast - before.fast,
    slow: counters.slow - before.slow,
    stale: counters.stale - before.stale,
  };
  return { ...tally.result, taken };
}

function askSingly(client, { cases }, tally) {
  for (const recorded of cases) {
    if (recorded.kind === 'batch') continue;
    const { kind, request } = recorded;
    const blank = blankFields(request).map((field) => `${field} cannot be empty`);
    const given = givenBySingle(kind, () =>
      kind === 'boolean' ? client.evaluateBoolean(request) : client.evaluateVariant(request),
    );
    if (blank.length > 0) tally.refusal(recorded, { error: blank.join('; ') }, given);
    else tally.compare(recorded, 0, expectedOfSingle(recorded), given);
  }
}

function askForDetails(ask) {
  return (client, { cases }, tally) => {
    for (const recorded of cases) {
      if (recorded.kind === 'batch') continue;
      const given = ask(client, recorded);
      // A typed call takes ids that a single call refuses; a blank key is no flag's.
      if (recorded.request.flagKey.trim() === '') {
        tally.refusal(recorded, true, given.errorCode !== undefined);
        continue;
      }
      const expected = expectedOfSingle(recorded);
      const isBlank = blankFields(recorded.request).length > 0;
      const compared = givenByDetails(given, expected, recorded);
      if (isBlank) tally.refusal(recorded, expected, compared);
      else tally.compare(recorded, 0, expected, compared);
    }
  };
}

function askInBatches(client, { cases }, tally) {
  const ask = (requests) => givenByBatch(client.evaluateBatch(requests));
  const singles = [];
  for (const recorded of cases) {
    if (recorded.kind === 'batch') {
      const expected = expectedOfBatch(recorded);
      const given = ask(recorded.request.requests);
      tally.compare(recorded, -1, { items: expected.length }, { items: given.length });
      for (const [index, item] of expected.entries()) {
        tally.compare(recorded, index, item, given[index]);
      }
    } else if (recorded.status === 400) {
      // A batch decides the kind by the flag: nothing there is refused for its kind.
    } else if (blankFields(recorded.request).length > 0) {
      tally.compare(recorded, 0, expectedAsItem(recorded), ask([recorded.request])[0]);
    } else {
      singles.push(recorded);
    }
  }
  for (let start = 0; start < singles.length; start += BATCH) {
    const some = singles.slice(start, start + BATCH);
    const given = ask(some.map(({ request }) => request));
    for (const [index, recorded] of some.entries()) {
      tally.compare(recorded, 0, expectedAsItem(recorded), given[index]);
    }
  }
}

/** The fields that single calls refuse. */
function blankFields(request) {
  return ['flagKey', 'entityId'].filter((field) => request[field].trim() === '');
}

class Tally {
  result = { compared: 0, refused: 0, known: new Set(), differences: [] };
  #isUnreproducible;

  constructor(group) {
    this.#isUnreproducible = unreproducible(group);
  }

  /** `item` counts the items of a batch; -1 stands for the batch as a whole. */
  compare(recorded, item, expected, given) {
    this.result.compared += 1;
    const isEqual = isDeepStrictEqual(expected, given);
    // Known cases are derived, not listed: each has to be one that no snapshot gives, and has to differ.
    if (this.#isUnreproducible(expected)) {
      if (!isEqual) this.result.known.add(recorded.id);
      else this.#differs(recorded, item, 'an answer that no snapshot gives', given);
    } else if (!isEqual) this.#differs(recorded, item, expected, given);
  }

  refusal(recorded, expected, given) {
    this.result.refused += 1;
    this.compare(recorded, 0, expected, given);
  }

  #differs(recorded, item, expected, given) {
    this.result.differences.push({ recorded, item, expected, given });
  }
}
