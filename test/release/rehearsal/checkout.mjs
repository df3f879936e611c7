import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run, StepError } from '../../../scripts/steps/process.mjs';

/** Where the copy lies; what it has compiled stays there for the next rehearsal. */
const folder = join(root, '.cache', 'rehearsal');
const kept = 'target';

/** A copy of the checkout as it is now, in a repository of its own. Resolves to its folder. */
export async function copyCheckout() {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((one) => one !== kept))
    rmSync(join(folder, name), { recursive: true });
  const listed = await git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard');
  for (const file of listed.split('\0').filter((one) => one && existsSync(join(root, one)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  await git(folder, 'init', '--quiet');
  await commit(folder, 'Start');
  return folder;
}

/** Commits everything that changed in a copy. */
export async function commit(checkout, message) {
  await git(checkout, 'add', '--all');
  const author = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost'];
  await git(checkout, ...author, '-c', 'commit.gpgsign=false', 'commit', '--quiet', '-m', message);
}

/** The files of a copy that differ from its last commit. */
export async function changedFiles(checkout) {
  const status = await git(checkout, 'status', '--porcelain', '--untracked-files=all');
  return status
    .split('\n')
    .filter(Boolean)
    .map((line) => line.slice(3))
    .sort();
}

async function git(cwd, ...args) {
  const { code, stdout, stderr } = await run('git', args, { cwd, output: 'keep' });
  if (code !== 0) throw new StepError(`git ${args[0]} failed in ${cwd}:\n${stderr}`);
  return stdout;
}
