import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { published } from '../../../npm/targets.mjs';
import { configuredRegistry } from '../../../scripts/release/registry.mjs';
import { runNode, runNpm } from '../../../scripts/steps/process.mjs';
import { prepareHome } from '../../install/machine.mjs';
import { startRegistry } from '../../install/registry/start.mjs';
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
  const registry = await startRegistry({
    folder,
    upstream: await configuredRegistry(),
    own: names,
  });
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

/** The environment of one who may publish, and whose npm gives up at the first failure. */
function loggedIn(folder, registry, token) {
  const environment = prepareHome(folder, registry);
  const { host } = new URL(registry);
  appendFileSync(join(environment.HOME, '.npmrc'), `//${host}/:_authToken=${token}\n`);
  const rust = {
    CARGO_HOME: process.env.CARGO_HOME ?? join(process.env.HOME ?? '', '.cargo'),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(process.env.HOME ?? '', '.rustup'),
  };
  return { ...environment, ...rust, npm_config_fetch_retries: '0' };
}
