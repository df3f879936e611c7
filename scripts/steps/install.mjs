import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './lock.mjs';
import { root, runNpm, StepError } from './process.mjs';
import { withProgress } from './progress.mjs';
import { fingerprint, isStamped, stamp } from './stamp.mjs';

const oldest = [20, 19];

/** Installs the development dependencies exactly as locked, unless that is done already. */
export async function install() {
  requireNode();
  await installLocked('.', 'installing the development dependencies');
}

/** Installs a folder's dependencies exactly as its lock file says; a stamp makes it happen once. */
export async function installLocked(folder, label) {
  const modules = join(folder, 'node_modules');
  const stampFile = join(modules, '.installed');
  const wanted = () =>
    fingerprint([join(folder, 'package.json'), join(folder, 'package-lock.json')], process.version);
  const isDone = () => existsSync(join(root, modules)) && isStamped(stampFile, wanted());
  if (isDone()) return;
  await alone(`install-${folder === '.' ? 'root' : folder.replaceAll(/[\\/]/g, '-')}`, async () => {
    if (isDone()) return;
    await withProgress(label, async () => {
      const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      const { code, stdout, stderr } = await runNpm(args, {
        cwd: join(root, folder),
        output: 'keep',
      });
      if (code !== 0) throw new StepError(`npm ci failed in ${folder}:\n${stdout}${stderr}`);
    });
    stamp(stampFile, wanted());
  });
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new StepError(
    `Node ${oldest.join('.')} or newer is needed; this is Node ${process.versions.node}.`,
  );
}
