import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { alone } from './lock.mjs';
import { root, runNode, StepError } from './process.mjs';
import { fingerprint, isStamped, stamp } from './stamp.mjs';

const inputs = [
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'scripts/steps/bundle.mjs',
  'scripts/steps/declarations.mjs',
  'scripts/steps/facade.mjs',
  'src',
];
const stampFile = '.cache/typescript.stamp';

/** The TypeScript compiler's program. */
export const tsc = join('node_modules', 'typescript', 'bin', 'tsc');

/** Makes dist of src when that changed: CommonJS in a few files, declarations, and the ESM facade over them. */
export async function buildTypeScript({ force = false } = {}) {
  const isDone = () => existsSync(join(root, 'dist')) && isStamped(stampFile, fingerprint(inputs));
  if (!force && isDone()) return;
  await alone('typescript', async () => {
    if (!force && isDone()) return;
    const before = fingerprint(inputs);
    const fresh = `.cache/dist-${process.pid}`;
    try {
      await compile(fresh);
      swap(fresh);
    } finally {
      rmSync(join(root, fresh), { recursive: true, force: true });
    }
    stamp(stampFile, before);
  });
}

async function compile(folder) {
  const types = `.cache/types-${process.pid}`;
  const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', types];
  try {
    const { code, stdout } = await runNode(args, { output: 'keep' });
    if (code !== 0) throw new StepError(`TypeScript does not compile:\n${stdout}`);
    // Loaded only now: what they need may have been installed a moment ago.
    const { writeBundle } = await import('./bundle.mjs');
    const { writeDeclarations } = await import('./declarations.mjs');
    const { writeFacade } = await import('./facade.mjs');
    mkdirSync(join(root, folder), { recursive: true });
    await writeBundle(folder);
    writeFacade(join(root, folder), writeDeclarations(join(root, types), join(root, folder)));
  } finally {
    rmSync(join(root, types), { recursive: true, force: true });
  }
}

/** Puts the fresh folder in the place of dist; programs that run meanwhile see one or the other. */
function swap(fresh) {
  const old = join(root, `.cache/dist-old-${process.pid}`);
  const dist = join(root, 'dist');
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(join(root, fresh), dist);
  rmSync(old, { recursive: true, force: true });
}
