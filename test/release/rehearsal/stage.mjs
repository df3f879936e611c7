import { join } from 'node:path';
import { published } from '../../../npm/targets.mjs';
import { runNode, runNpm } from '../../../scripts/steps/process.mjs';
import { loggedIn, openRegistry } from '../loopback.mjs';
import { copyCheckout } from './checkout.mjs';
import { startGate } from './gate.mjs';

/**
 * What the acts of a rehearsal share: the copy of the checkout, a registry on loopback and the gate before it.
 *
 * `release(...args)` runs `npm run release` in the copy, logged in to the registry; `build()` builds the copy.
 */
export async function openStage(folder) {
  const checkout = await copyCheckout();
  const names = [...published.map(({ suffix }) => `@flipt-native/${suffix}`), 'flipt-native'];
  const registry = await openRegistry(folder, names);
  const gate = await startGate(registry.url);
  const machine = loggedIn(folder, gate.url, registry.token);
  return {
    checkout,
    names,
    gate,
    registry: registry.url,
    bundle: join(folder, 'bundle'),
    release: (...args) =>
      runNode(['scripts/release.mjs', ...args], { cwd: checkout, env: machine, output: 'keep' }),
    build: () => runNpm(['run', 'build'], { cwd: checkout, output: 'keep' }),
    async close() {
      await gate.close();
      await registry.close();
    },
  };
}
