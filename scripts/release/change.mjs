import { run, StepError } from '../steps/process.mjs';
import { versionOf } from './places.mjs';

/**
 * Whether a checkout has another version than its commit `before`, and which: `{ changed, version }`. A commit that is
 * not known, as before the first push, counts as a change.
 */
export async function versionChange(checkout, before) {
  const version = versionOf(checkout);
  const object = `${before}:package.json`;
  const git = (...args) => run('git', args, { cwd: checkout, output: 'keep' });
  if ((await git('cat-file', '-e', `${before}^{commit}`)).code !== 0)
    return { changed: true, version };
  const { code, stdout, stderr } = await git('show', object);
  if (code !== 0) throw new StepError(`git show ${object} failed:\n${stderr}`);
  return { changed: JSON.parse(stdout).version !== version, version };
}
