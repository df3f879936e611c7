import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from '../steps/lock.mjs';
import { output, root, runNpm, StepError } from '../steps/process.mjs';
import { withProgress } from '../steps/progress.mjs';

/** Where everything lies that only tests of other platforms need. */
export const runtimesFolder = join(root, '.cache', 'runtimes');

/**
 * Puts what `fill(folder)` makes at `.cache/runtimes/<name>` and returns that folder; made once, whole or not at all.
 * The name has to change with what is in it.
 */
export async function kept(name, fill) {
  const folder = join(runtimesFolder, name);
  if (existsSync(folder)) return folder;
  return alone(`runtime-${name}`, async () => {
    if (existsSync(folder)) return folder;
    const fresh = `${folder}.part`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    await withProgress(`preparing ${name}`, () => fill(fresh));
    renameSync(fresh, folder);
    return folder;
  });
}

/** Unpacks one program of an npm package, whatever system it is for, after its checksum was compared. */
export async function unpackNpm(folder, { name, version, integrity, program }) {
  const args = ['pack', `${name}@${version}`, '--json', '--loglevel=error'];
  const { code, stdout, stderr } = await runNpm(args, { cwd: folder, output: 'keep' });
  if (code !== 0) throw new StepError(`npm could not fetch ${name}@${version}:\n${stderr}`);
  const [packed] = JSON.parse(stdout);
  if (packed.integrity !== integrity) {
    throw new StepError(
      `${name}@${version} has the checksum ${packed.integrity}, not ${integrity}`,
    );
  }
  await output('tar', ['-xzf', packed.filename, '--strip-components=1', `package/${program}`], {
    cwd: folder,
  });
  rmSync(join(folder, packed.filename));
  chmodSync(join(folder, program), 0o755);
}

/** Installs a wheel of another platform into the folder, after pip has compared its checksum. */
export async function unpackWheel(folder, { name, version, platform, sha256 }) {
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
  await output('python3', [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'],
    ...['--only-binary=:all:', '--platform', platform, '--require-hashes'],
    ...['--target', join(folder, 'wheel'), '--requirement', requirements],
  ]);
}
