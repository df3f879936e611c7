import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, StepError } from '../steps/process.mjs';
import { isPrerelease } from './version.mjs';

/**
 * Makes the release on GitHub, with the files of the bundle, by `gh`. One that is there already gets the files again,
 * so that a run which broke off is completed by the next.
 */
export async function announce({ version, files }, { notes, commit }) {
  const tag = `v${version}`;
  const exists = (await gh('release', 'view', tag)).code === 0;
  const done = exists
    ? await gh('release', 'upload', tag, ...files, '--clobber')
    : await create(tag, { files, notes, commit, version });
  if (done.code !== 0) throw new StepError(`gh release failed for ${tag}:\n${done.stderr}`);
}

async function create(tag, { files, notes, commit, version }) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-notes-'));
  const file = join(folder, 'notes.md');
  writeFileSync(file, `${notes}\n`);
  try {
    const options = ['--title', tag, '--notes-file', file, '--target', commit];
    if (isPrerelease(version)) options.push('--prerelease');
    return await gh('release', 'create', tag, ...files, ...options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const gh = (...args) => run('gh', args, { output: 'keep' });
