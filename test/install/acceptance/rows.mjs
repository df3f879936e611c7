import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accept, companions, isServedByOldName, load } from './accept.mjs';

// What is done with every package manager. `manager` says how: it writes a project, installs it and adds to it; `node`
// is how Node is started then, and `companions` are those that it wants named in another way.

/** The fields of a project that uses flipt-native. */
export const user = ({ packages }) => ({ dependencies: { 'flipt-native': packages.version } });

/** The fields of a project that uses flipt-native in every way there is. */
export const consumer = (context, manager) => ({
  ...user(context),
  devDependencies: { ...companions, ...manager.companions },
});

export const fresh = (manager, name = 'fresh', settings = {}) => ({
  name,
  async run(context) {
    manager.project(context, { fields: consumer(context, manager), settings });
    await manager.install(context);
    await accept(context, manager);
  },
});

/** Two packages of a workspace use it; `settings` say where they are, if package.json does not. */
export const workspaces = (manager, name = 'workspaces', settings = {}) => ({
  name,
  async run(context) {
    const { folder, write, packages } = context;
    manager.project(context, { fields: { workspaces: ['apps/*'] }, settings });
    write('apps/shop/package.json', {
      name: 'shop',
      version: '1.0.0',
      ...consumer(context, manager),
    });
    write('apps/worker/package.json', { name: 'worker', version: '1.0.0', ...user(context) });
    await manager.install(context);
    await accept(context, { ...manager, cwd: join(folder, 'apps/shop') });
    const worker = await load(context, { ...manager, cwd: join(folder, 'apps/worker') });
    assert.deepEqual(worker, { version: packages.version });
  },
});

/** A dependant imports the original package, in whose place it gets this one. */
export const oldName = (manager, name = 'under the old name') => ({
  name,
  async run(context) {
    const alias = `npm:flipt-native@${context.packages.version}`;
    const replaced = { '@flipt-io/flipt-client-js': alias };
    const fields = { dependencies: { ...replaced, dependant: '1.0.0' } };
    manager.project(context, { fields, replaced });
    await manager.install(context);
    assert.equal(await isServedByOldName(context, manager), true);
  },
});

/** Main and platform package change together. */
export const upgrade = (manager, name = 'upgrade') => ({
  name,
  async run(context) {
    const { packages, next } = context;
    manager.project(context, { fields: user(context) });
    await manager.install(context);
    assert.deepEqual(await load(context, manager), { version: packages.version });
    await manager.add(context, `flipt-native@${next}`);
    assert.deepEqual(await load(context, manager), { version: next });
  },
});

/** The platform package of another version is forced upon the main package. */
export const mismatch = (manager, name = 'platform package of another version') => ({
  name,
  async run(context) {
    const { packages, next } = context;
    const replaced = { [packages.host.name]: next };
    manager.project(context, { fields: user(context), replaced });
    await manager.install(context);
    await isRefused(context, manager, packages.host.name, packages.version, next);
  },
});

/** Nothing loads, and the message of the error has each of `texts`. */
export async function isRefused(context, manager, ...texts) {
  const { code, message, version } = await load(context, manager);
  assert.equal(code, 'FLIPT_NATIVE_LOAD', `loaded ${version}`);
  for (const text of texts) assert.ok(message.includes(text), `${text} is not in:\n${message}`);
}
