import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root, run } from './process.mjs';

const folder = '.github/workflows';
const actionlint = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12';

/** Runs actionlint on all workflows; it is built by Go from its module. Resolves as `run` does. */
export async function lintWorkflows() {
  const result = await run('go', ['run', actionlint], { output: 'keep' });
  if (result.code !== 127) return result;
  return { ...result, stderr: 'actionlint needs Go 1.25 or newer: https://go.dev/dl\n' };
}

/** What breaks a rule of the house in any workflow, one text each. */
export function workflowFindings() {
  return readdirSync(join(root, folder))
    .sort()
    .flatMap((name) => findingsIn(name, readFileSync(join(root, folder, name), 'utf8')));
}

/** The same for one workflow. */
export function findingsIn(name, text) {
  const { permissions, jobs } = parse(text);
  const found = [...unpinned(text)];
  if (JSON.stringify(permissions) !== '{}') found.push('permissions at the top have to be {}');
  if (text.includes('secrets.'))
    found.push('it uses a secret; publishing goes by the identity of the workflow');
  for (const [key, job] of Object.entries(jobs)) {
    for (const what of inJob(job)) found.push(`${key}: ${what}`);
  }
  return found.map((what) => `${folder}/${name}: ${what}`);
}

/** Tags move; a commit does not, and the comment says to a reader and to update tools which version it is. */
function unpinned(text) {
  return [...text.matchAll(/^\s*(?:- )?uses: *(.*)$/gm)]
    .map(([, used]) => used)
    .filter((used) => !/^(\.\/\S+|[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(used))
    .map((used) => `${used} is not pinned as action@commit # v1.2.3`);
}

function inJob(job) {
  const found = [];
  if (job.permissions === undefined) found.push('permissions are not granted by the job');
  if (job.permissions?.['id-token'] === 'write' && job.environment === undefined)
    found.push('an identity for publishing without a protected environment');
  // A called workflow has its own.
  if (job.uses !== undefined) return found;
  if (typeof job['timeout-minutes'] !== 'number') found.push('there is no timeout-minutes');
  return [...found, ...(job.steps ?? []).flatMap(inStep)];
}

function inStep({ uses = '', run: script = '', with: options = {} }) {
  const found = [];
  if (uses.startsWith('actions/checkout@') && options['persist-credentials'] !== false)
    found.push('a checkout keeps its credentials');
  if (script.includes('${{')) found.push(`an expression is pasted into a script: ${script.trim()}`);
  for (const line of script.split('\n')) {
    if (/\bnpm (i|install|add|exec)\b|\bnpx\b/.test(line))
      found.push(`only npm ci installs: ${line.trim()}`);
    if (
      /\bcargo (build|check|clippy|doc|fetch|install|publish|run|test)\b/.test(line) &&
      !/ --locked\b/.test(line)
    )
      found.push(`cargo without --locked: ${line.trim()}`);
  }
  return found;
}
