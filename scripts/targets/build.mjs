import { join } from 'node:path';
import { buildSystem, targetOf, targets } from '../../npm/targets.mjs';
import { putBinary, sourcesNow } from '../steps/binary.mjs';
import { alone } from '../steps/lock.mjs';
import { compileLibrary } from '../steps/native.mjs';
import { StepError } from '../steps/process.mjs';
import { frameworkSettings } from './frameworks.mjs';
import { mingwSettings } from './mingw.mjs';
import { requireProgram, toolchainOf } from './toolchain.mjs';

/** The target of that suffix, or an error that names all there are. */
export function requireTarget(suffix) {
  const target = targetOf(suffix);
  if (target) return target;
  const known = targets.map((one) => one.suffix).join(', ');
  throw new StepError(`no target ${suffix ?? 'is named'}; there are ${known}`);
}

/**
 * How a target is built on this machine: `{ command, isLinkCheck }`, or an error that names the runner that builds it.
 *
 * A link check proves that everything is there to link; what it makes is not for use.
 *
 * @param {import('../../npm/targets.mjs').Target} target
 * @param {string} system
 */
export function buildOf(target, system = process.platform) {
  const { suffix, runner, build, linkCheck } = target;
  if (buildSystem(target) === system) return { command: build, isLinkCheck: false };
  if (linkCheck && system === 'linux') return { command: linkCheck, isLinkCheck: true };
  throw new StepError(`${suffix} cannot be built on ${system}; its runner is ${runner}`);
}

/** Builds a target and puts it where the platform package holds it; resolves to `{ binary, isLinkCheck }`. */
export async function buildTarget(target) {
  const { suffix } = target;
  const { command, isLinkCheck } = buildOf(target);
  const { env, options } = await toolchainOf(target);
  const [, ...words] = command.split(' ');
  if (words[0] === 'zigbuild') await requireProgram('cargo-zigbuild', target, env);
  const linker = await linkerSettings(target, { env, isLinkCheck });
  const binary = join('npm', suffix, 'flipt_native.node');
  await alone('native', async () => {
    const sources = sourcesNow(command);
    const library = await compileLibrary(target, {
      label: `building ${suffix}`,
      command: words,
      // Common to all targets, for what compiles them is the same; apart from what is built for tests.
      args: ['--release', '--target-dir', join('target', 'cross'), ...options],
      env: { ...env, ...linker.env },
      flags: linker.flags,
    });
    putBinary(binary, library, sources);
  });
  return { binary, isLinkCheck };
}

function linkerSettings(target, { env, isLinkCheck }) {
  if (target.triple.endsWith('-windows-gnu')) return mingwSettings(target, env);
  return isLinkCheck ? frameworkSettings(target, env) : { env: {}, flags: [] };
}
