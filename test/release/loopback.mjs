import { appendFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { configuredRegistry } from '../../scripts/release/registry.mjs';
import { prepareHome } from '../install/machine.mjs';
import { startRegistry } from '../install/registry/start.mjs';

/** A registry on loopback, with its storage in `folder`, that has none of the packages of these names. */
export async function openRegistry(folder, names) {
  return startRegistry({ folder, upstream: await configuredRegistry(), own: names });
}

/** The environment of one who may publish to a registry on loopback, and whose npm gives up at the first failure. */
export function loggedIn(folder, registry, token) {
  const environment = prepareHome(folder, registry);
  const { host } = new URL(registry);
  appendFileSync(join(environment.HOME, '.npmrc'), `//${host}/:_authToken=${token}\n`);
  return {
    ...environment,
    // Rust stays where it is.
    CARGO_HOME: process.env.CARGO_HOME ?? join(homedir(), '.cargo'),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    npm_config_fetch_retries: '0',
  };
}
