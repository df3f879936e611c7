import { census, closes, keptItsConnections, leavesNothing, recovers } from './check.mjs';
import { Rig } from './rig.mjs';

/**
 * A scenario is `{ name, modes, steps }` and, where it needs them, `options` of the client and `server` of the server
 * (objects, or functions of the rig), `state` (see state.mjs), `begin` in place of starting both, `holds` (asserted
 * last), and these exceptions: `noStream` (the server has none), `startsWithoutStream`, `noClient` (none is left to
 * recover), `recover` (what a client that does not poll is told), `clients` and `connects` (allowed at the same time,
 * and in ten seconds), `long` (begins early), `short` (its modes in the short form).
 */
export async function runScenario(scenario, mode) {
  const started = performance.now();
  const rig = new Rig(scenario, mode);
  const before = await census();
  const outcome = { name: scenario.name, mode, ok: false };
  try {
    await play(scenario, rig, outcome);
    outcome.happened = rig.journal.text();
    await rig.end();
    rig.client = undefined;
    await leavesNothing(before);
    outcome.ok = true;
  } catch (error) {
    outcome.problem = error.stack ?? String(error);
    outcome.happened ??= rig.journal.text();
    await rig.client?.close().catch(() => {});
    await rig.end().catch(() => {});
  }
  outcome.tookMs = performance.now() - started;
  return outcome;
}

async function play(scenario, rig, outcome) {
  await (scenario.begin ?? ((one) => one.start()))(rig);
  await scenario.steps(rig);
  if (scenario.noClient) return;
  outcome.recoveryMs = await recovers(rig, scenario);
  await scenario.holds?.(rig);
  keptItsConnections(rig, scenario);
  outcome.closeMs = await closes(rig);
}
