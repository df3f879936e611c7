import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireCargo } from '../steps/native.mjs';
import { run, runNode, runNpm } from '../steps/process.mjs';
import { waiting } from './changelog.mjs';
import { readFragments } from './fragments.mjs';
import { versionOf } from './places.mjs';
import { isPrerelease } from './version.mjs';

/** What has to hold before a checkout is released: a name, and what resolves to an explanation when it does not. */
const checks = [
  ['one version everywhere', (checkout) => void versionOf(checkout)],
  ['the changelog tells of it', changelogProblem],
  ['the repository is the one that the packages name', (checkout) => repositoryProblem(checkout)],
  [
    'npm ci takes the lock file',
    (checkout) => asText(runNpm(['ci', '--dry-run', '--ignore-scripts'], quietly(checkout))),
  ],
  [
    'generated files follow the version',
    (checkout) => asText(runNode(['npm/generate.mjs', '--check'], quietly(checkout))),
  ],
  ['flipt-engine can be published by itself', crateProblem],
];

/** Runs all checks; resolves to `{ name, problem }`, where the problem is undefined when the check holds. */
export async function runChecks(checkout, { quick = false, onResult } = {}) {
  const results = [];
  for (const [name, check] of checks) {
    const problem = await attempt(() => check(checkout, { quick }));
    results.push({ name, problem });
    onResult?.({ name, problem });
  }
  return results;
}

async function attempt(check) {
  try {
    return await check();
  } catch (error) {
    return error.message;
  }
}

/** What keeps the changelog of a checkout from being that of its version. */
export function changelogProblem(checkout) {
  const version = versionOf(checkout);
  const fragments = readFragments(checkout);
  const text = readFileSync(join(checkout, 'CHANGELOG.md'), 'utf8');
  if (isPrerelease(version)) return undefined;
  if (fragments.length > 0)
    return `fragments were added after the bump: ${fragments.map(({ path }) => path).join(', ')}`;
  if (waiting(text) === version) return `the section of ${version} has no date: bump ${version}`;
  return text.includes(`## [${version}] - `) ? undefined : `there is no section for ${version}`;
}

/** Provenance names the repository of the workflow; the registry refuses packages that name another. */
export function repositoryProblem(checkout, here = process.env.GITHUB_REPOSITORY) {
  const { url } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')).repository;
  const cargo = readFileSync(join(checkout, 'Cargo.toml'), 'utf8');
  const page = url.replace(/^git\+|\.git$/g, '');
  if (!cargo.includes(`\nrepository = "${page}"\n`)) return `Cargo.toml does not name ${page}`;
  if (here === undefined || page.endsWith(`/${here}`)) return undefined;
  return `package.json names ${page}, and this runs in ${here}`;
}

/** `quick`: packed, but not compiled. */
async function crateProblem(checkout, { quick }) {
  const args = ['publish', '--dry-run', '-p', 'flipt-engine', '--locked', '--allow-dirty'];
  if (quick) args.push('--no-verify');
  return asText(run('cargo', args, { ...quietly(checkout), env: await requireCargo() }));
}

const quietly = (cwd) => ({ cwd, output: 'keep' });

async function asText(result) {
  const { code, stdout, stderr } = await result;
  return code === 0 ? undefined : `${stdout}${stderr}`.trim();
}
