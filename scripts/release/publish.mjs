import { runNpm, StepError } from '../steps/process.mjs';
import { isLoopback, lookUp, waitUntilServed } from './registry.mjs';
import { compareVersions, distTagOf, isPrerelease } from './version.mjs';

/** From this version on, npm exchanges the identity of a workflow for the right to publish. */
const trustedPublishing = '11.5.1';

/**
 * Publishes packed packages in their order, each only when the one before is served. A package that is there already
 * with the same content is left alone, so that a release which broke off is completed by running it again; with another
 * content it is an error, before anything is published.
 *
 * `onOutcome` is told `{ name, version, outcome }`: `published`, `present`, or with `dryRun` `would publish`.
 */
export async function publishAll(
  packages,
  { registry, dryRun = false, provenance = false, servedWithinMs = 300_000, onOutcome },
) {
  if (provenance) await requireTrustedPublishing();
  refuseStubs(packages, registry);
  const missing = await missingOf(packages, registry);
  for (const one of packages) {
    const { name, version } = one;
    const isMissing = missing.has(name);
    if (isMissing) await publishOne(one, { registry, dryRun, provenance });
    // Also what is there already: a run before this one may have ended before it was served.
    if (!dryRun) await waitUntilServed(registry, one, { withinMs: servedWithinMs });
    const published = dryRun ? 'would publish' : 'published';
    onOutcome?.({ name, version, outcome: isMissing ? published : 'present' });
  }
}

/** Stubs stand for platforms that were not built; they are for trying out an installation on one machine. */
function refuseStubs(packages, registry) {
  const stubs = packages.filter(({ isStub }) => isStub).map(({ name }) => name);
  if (stubs.length > 0 && !isLoopback(registry))
    throw new StepError(`stubs are never published: ${stubs.join(', ')}`);
}

/** The names of the packages that are not in the registry yet. */
async function missingOf(packages, registry) {
  const missing = new Set();
  for (const { name, version, integrity } of packages) {
    const { versions, tags } = await lookUp(registry, name);
    if (version in versions) {
      if (versions[version] === integrity) continue;
      throw new StepError(
        `${name}@${version} is in the registry with another content: ${versions[version]} there, ${integrity} here`,
      );
    }
    refuseStepBack({ name, version }, tags.latest);
    missing.add(name);
  }
  return missing;
}

/** An older version under `latest` would take the newer one away from everybody who installs. */
function refuseStepBack({ name, version }, latest) {
  if (latest === undefined || isPrerelease(version) || compareVersions(version, latest) > 0) return;
  throw new StepError(`${name}@${version} is older than ${latest}, which is the latest`);
}

async function publishOne({ name, version, file, integrity }, { registry, dryRun, provenance }) {
  const args = ['publish', file, '--registry', registry, '--tag', distTagOf(version)];
  args.push('--access', 'public', '--ignore-scripts', '--loglevel=error');
  if (provenance) args.push('--provenance');
  if (dryRun) args.push('--dry-run');
  const { code, stdout, stderr } = await runNpm(args, { output: 'keep' });
  if (code === 0) return;
  // The answer may have been lost on its way back.
  const { versions } = await lookUp(registry, name);
  if (!dryRun && versions[version] === integrity) return;
  throw new StepError(`npm publish failed for ${name}@${version}:\n${stdout}${stderr}`);
}

async function requireTrustedPublishing() {
  const { stdout } = await runNpm(['--version'], { output: 'keep' });
  const version = stdout.trim();
  if (compareVersions(version, trustedPublishing) < 0)
    throw new StepError(
      `publishing by workflow takes npm ${trustedPublishing}; this is ${version}`,
    );
}
