import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { requireCargo } from '../steps/native.mjs';
import { root, run, StepError } from '../steps/process.mjs';

/** Where set-up.sh puts zig, and where what is made for linking lies. */
export const toolsFolder = join(root, '.cache', 'cross');

const debian = {
  compiler: '/usr/bin/rustc',
  standardLibrary: '/usr/lib/rustlib/src/rust/library',
};

/**
 * The compiler that has the standard library of a target, or can build it: `{ env, options }` for cargo.
 *
 * That is the pinned toolchain; where rustup cannot add a target to it, Debian's.
 */
export async function toolchainOf({ suffix, triple }) {
  const { PATH } = await requireCargo();
  const env = { PATH: [join(toolsFolder, 'venv', 'bin'), PATH].join(delimiter) };
  if (await hasStandardLibrary('rustc', triple, env)) return { env, options: [] };
  if (existsSync(debian.compiler)) {
    const own = { ...env, RUSTC: debian.compiler };
    if (await hasStandardLibrary(debian.compiler, triple, env)) return { env: own, options: [] };
    if (existsSync(debian.standardLibrary)) {
      return {
        env: { ...own, RUSTC_BOOTSTRAP: '1' },
        options: ['-Z', 'build-std=std,panic_unwind'],
      };
    }
  }
  throw new StepError(
    `there is no standard library for ${triple}: bash scripts/targets/set-up.sh ${suffix}`,
  );
}

async function hasStandardLibrary(compiler, triple, env) {
  const args = ['--print', 'target-libdir', '--target', triple];
  const { code, stdout } = await run(compiler, args, { env, output: 'keep' });
  const folder = stdout.trim();
  return (
    code === 0 &&
    existsSync(folder) &&
    readdirSync(folder).some((name) => name.startsWith('libstd-'))
  );
}

/** Says what to do when a program that a build calls is not there. */
export async function requireProgram(program, { suffix }, env) {
  const { code } = await run(program, ['--version'], { env, output: 'keep' });
  if (code !== 127) return;
  throw new StepError(`${program} is missing: bash scripts/targets/set-up.sh ${suffix}`);
}
