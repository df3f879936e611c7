// Runs scenarios, one after the other, in a process of its own, so that what each leaves behind can be counted.

import { sdk } from './rig.mjs';
import { runScenario } from './scenario.mjs';
import { scenarios } from './scenarios/all.mjs';

process.on('message', async ({ name, mode }) => {
  const scenario = scenarios.find((one) => one.name === name);
  process.send(await runScenario(scenario, mode));
});
process.on('disconnect', () => process.exit());
process.send({ isReady: typeof sdk.FliptClient === 'function' });
