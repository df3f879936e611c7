import { nanosecondsEach, outcome } from './answers.mjs';
import { grouped, heading, row, say } from './print.mjs';

const entities = ['user-1', 'user-2', 'user-3', 'user-4'];
const shown = 30;

/** Shows the flags of a live server, evaluated for a few made-up entities. */
export async function liveTour({ FliptClient }, { url, environment, namespace, token }) {
  const started = performance.now();
  const client = await FliptClient.init({
    url,
    environment,
    namespace,
    updateInterval: 0,
    authentication: token === undefined ? undefined : { clientToken: token },
  });
  const took = performance.now() - started;
  const flags = client.listFlags();
  heading(
    `The namespace "${namespace ?? 'default'}", ${flags.length} flags, ready after ${grouped(took)} ms`,
  );
  showFlags(flags);
  if (flags.length > 0) showAnswers(client, flags);
  await client.close();
}

function showFlags(flags) {
  say();
  row(['flag', 32, 'dim'], ['type', 9, 'dim'], ['enabled', 8, 'dim'], ['description', 26, 'dim']);
  for (const { key, type, enabled, description = '' } of flags.slice(0, shown)) {
    row(
      [key, 32],
      [type.replace('_FLAG_TYPE', '').toLowerCase(), 9],
      [enabled ? 'yes' : 'no', 8],
      [description, 26],
    );
  }
  if (flags.length > shown) say(`  … and ${flags.length - shown} more`);
}

function showAnswers(client, flags) {
  heading('Evaluated for a few entities, with an empty context');
  say();
  row(['flag', 32, 'dim'], ...entities.map((entity) => [entity, 10, 'dim']));
  for (const flag of flags.slice(0, shown)) {
    row([flag.key, 32], ...entities.map((entity) => answerCell(client, flag, entity)));
  }
  const cases = flags.flatMap((flag) => entities.map((entity) => question(flag, entity)));
  const sound = cases.filter((one) => !(evaluated(client, one) instanceof Error));
  if (sound.length === 0) return;
  const each = nanosecondsEach(client, sound);
  heading('Speed, one thread, all of these in turn');
  say(`  ${grouped(each)} ns per evaluation, ${grouped(1e9 / each)} evaluations per second`);
}

function answerCell(client, flag, entity) {
  const answer = evaluated(client, question(flag, entity));
  if (answer instanceof Error) return [answer.code, 10, 'red'];
  const text = outcome(answer);
  return [text, 10, text === 'off' || answer.match === false ? 'dim' : 'green'];
}

function question({ key, type }, entityId) {
  return {
    kind: type === 'BOOLEAN_FLAG_TYPE' ? 'boolean' : 'variant',
    request: { flagKey: key, entityId, context: {} },
  };
}

/** The answer, or the error of a flag that cannot be evaluated: one bad flag does not end the tour. */
function evaluated(client, { kind, request }) {
  try {
    return kind === 'boolean' ? client.evaluateBoolean(request) : client.evaluateVariant(request);
  } catch (error) {
    return error;
  }
}
