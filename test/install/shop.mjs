import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packAll } from '../../npm/pack.mjs';
import { runNpm, StepError } from '../../scripts/steps/process.mjs';
import { withProgress } from '../../scripts/steps/progress.mjs';
import { dependantOf, root, suffix } from '../package/projects.mjs';
import { startServer } from '../support/server.mjs';
import { companionNames } from './acceptance/accept.mjs';
import { inLanes } from './lanes.mjs';
import { prepareHome, programsOf } from './machine.mjs';
import { raise, versionAfter } from './raise.mjs';
import { fetchAhead, startRegistry } from './registry/start.mjs';

/**
 * Everything that the rows install from and ask: the registry on loopback with two versions of every package, a home
 * that is set to it, and a Flipt server.
 */
export async function openShop(folder) {
  const packages = await withProgress('packing', () =>
    packAll(join(folder, 'packed'), { stubs: true }),
  );
  const host = packages.platforms.find((platform) => platform.suffix === suffix);
  if (host.isStub) throw new StepError(`npm/${suffix} has no binary: npm run build`);
  const all = [...packages.platforms, packages.main];
  const dependant = dependantOf(folder);
  const registry = await startRegistry({
    folder,
    upstream: await npmConfig('registry'),
    cafile: await npmConfig('cafile'),
    own: [...all.map(({ name }) => name), 'dependant'],
  });
  const environment = prepareHome(folder, registry.url);
  const next = versionAfter(packages.version);
  const { npm } = programsOf(folder, environment);
  const publish = (what, tag) =>
    npm([
      'publish',
      what,
      `--tag=${tag}`,
      `--//${new URL(registry.url).host}/:_authToken=${registry.token}`,
    ]);
  await withProgress('publishing on loopback', () =>
    inLanes([
      ...all.map(
        ({ file }) =>
          () =>
            publish(file, 'latest'),
      ),
      ...all.map((packed) => async () => publish(await raise(packed, next, folder), 'next')),
      () => publish(dependant, 'latest'),
    ]),
  );
  await withProgress('asking upstream for what consumers have', () =>
    fetchAhead(registry, companionNames),
  );
  const snapshot = readFileSync(join(root, 'test/conformance/demo/shop.snapshot.json'));
  const flipt = await startServer({ namespace: 'shop', snapshot });
  return {
    environment,
    registry: { url: registry.url },
    packages: { ...packages, host },
    next,
    flipt: { url: flipt.url, namespace: 'shop' },
    async close() {
      await flipt.close();
      await registry.close();
    },
  };
}

async function npmConfig(name) {
  const { code, stdout, stderr } = await runNpm(['config', 'get', name], { output: 'keep' });
  if (code !== 0) throw new StepError(`npm config get ${name} failed:\n${stderr}`);
  const value = stdout.trim();
  return ['null', 'undefined', ''].includes(value) ? undefined : value;
}
