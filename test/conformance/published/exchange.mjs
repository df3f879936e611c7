import { isDeepStrictEqual } from 'node:util';

import { expectedOfSingle, givenBySingle } from '../answers.mjs';
import { openFetched, openImported } from '../clients.mjs';
import { Report } from '../report.mjs';
import { readDemo, readGroups } from '../vectors.mjs';
import { AWKWARD, CONTEXTS } from './awkward.mjs';
import { loadPublished, quietly } from './peer.mjs';

/** Groups in which the published client itself agrees with the server, at least mostly. */
const EXCHANGED = ['p-segments', 'p-rollouts', 'p-booleans', 'p-distributions', 'p-misc'];
/** The published engine has rules of its own, but on these groups it gives at least this share of the server's answers. */
const AGREEMENT = 0.75;
const COLUMNS = ['ours from ours', 'ours from theirs', 'there and back', 'theirs from ours'];

/** Exchanges snapshots with the published client in both directions, and compares what both sides make of them. */
export async function exchange() {
  const Published = await loadPublished();
  const report = new Report(COLUMNS);
  for (const group of readDemo()) await exchangeGroup(report, Published, group);
  for (const group of readGroups().filter(({ name }) => EXCHANGED.includes(name))) {
    await exchangeGroup(report, Published, group);
  }
  for (const namespace of AWKWARD) await exchangeAwkward(report, Published, namespace);
  return report.finish();
}

/**
 * Recorded answers: ours are the server's, whoever wrote the snapshot; theirs are the same from our snapshot as from
 * the server's own.
 */
async function exchangeGroup(report, Published, group) {
  const { name, namespace, body } = group;
  const cases = group.cases.filter(isSingle);
  const ours = await openFetched(namespace, body);
  const theirs = await openTheirs(Published, namespace, body);
  const oursFromTheirs = await openImported(namespace, theirs.getSnapshot());
  const theirsFromOurs = await importTheirs(Published, namespace, ours.getSnapshot());
  const back = await openImported(namespace, theirsFromOurs.getSnapshot());

  const compared = (client, expectation) => compare(cases, client, expectation);
  report.add(name, 'ours from theirs', compared(oursFromTheirs, expectedOfSingle));
  report.add(name, 'there and back', compared(back, expectedOfSingle));
  const sameAsBefore = (recorded) => answer(theirs, recorded);
  report.add(name, 'theirs from ours', compared(theirsFromOurs, sameAsBefore));

  const agreed = cases.length - compared(theirs, expectedOfSingle).differences.length;
  report.check(
    `${name}: the published client gives the server's answer to ${agreed} of ${cases.length}`,
    agreed > AGREEMENT * cases.length,
  );
  await close(ours, theirs, oursFromTheirs, theirsFromOurs, back);
}

/** Odd namespaces: our export loads there and gives what ours gives; and what comes back from there loads here. */
async function exchangeAwkward(report, Published, { title, flags, body, published, unlike }) {
  const ours = await openFetched('awkward', body);
  const asked = new Set(flags.map((flag) => flag?.key).filter((key) => key?.trim()));
  const cases = [...asked].flatMap((flagKey) => questions(flagKey));
  const again = await openImported('awkward', ours.getSnapshot());
  const sameAsOurs = (recorded) => answer(ours, recorded);
  report.add(title, 'ours from ours', compare(cases, again, sameAsOurs));

  const theirs = await importTheirs(Published, 'awkward', ours.getSnapshot()).catch(
    (error) => error,
  );
  report.check(`${title}: our snapshot loads there`, !(theirs instanceof Error));
  if (theirs instanceof Error) return;
  const back = await openImported('awkward', theirs.getSnapshot());
  const alike = cases.filter(({ request }) => !unlike.includes(request.flagKey));
  report.add(title, 'theirs from ours', compare(alike, theirs, sameAsOurs));
  report.add(title, 'there and back', compare(alike, back, sameAsOurs));

  const direct = await openTheirs(Published, 'awkward', body).catch(() => undefined);
  report.check(
    `${title}: the response itself ${published ? 'loads' : 'does not load'} there`,
    (direct !== undefined) === (published === true),
  );
  await close(ours, again, theirs, back, ...(direct ? [direct] : []));
}

/** The calls that both clients take: they refuse blank ids alike. */
function isSingle({ kind, request }) {
  return kind !== 'batch' && request.flagKey.trim() !== '' && request.entityId.trim() !== '';
}

function questions(flagKey) {
  const entities = ['e1', 'e2', 'e3'];
  return ['boolean', 'variant'].flatMap((kind) =>
    entities.flatMap((entityId) =>
      CONTEXTS.map((context) => ({
        id: flagKey,
        kind,
        namespace: 'awkward',
        request: { flagKey, entityId, context },
      })),
    ),
  );
}

function compare(cases, client, expectation) {
  const differences = [];
  for (const recorded of cases) {
    const [expected, given] = [expectation(recorded), answer(client, recorded)];
    if (!isDeepStrictEqual(expected, given))
      differences.push({ recorded, item: 0, expected, given });
  }
  return { compared: cases.length, differences };
}

function answer(client, { kind, request }) {
  return givenBySingle(kind, () => {
    if (kind === 'boolean') return client.evaluateBoolean(request);
    // The published client leaves the attachment out where there is none.
    const { variantAttachment = '', ...rest } = client.evaluateVariant(request);
    return { variantAttachment, ...rest };
  });
}

function openTheirs(Published, namespace, body) {
  return quietly(() => openFetched(namespace, body, Published));
}

function importTheirs(Published, namespace, snapshot) {
  return quietly(() => openImported(namespace, snapshot, Published));
}

async function close(...clients) {
  for (const client of clients) await client.close();
}
