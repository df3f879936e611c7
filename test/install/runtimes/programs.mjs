import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../../../scripts/steps/process.mjs';

const { platform, arch } = process;
const modules = join(import.meta.dirname, 'node_modules');

/** The versions of Node on which the whole suite runs. */
export const majors = ['20', '22', '24', '26'];

/** The program of one Node: `{ name, command, args }`. */
export function node(major) {
  const folder = `node-${major}-${platform}-${arch}`;
  return program('Node', folder, join('bin', 'node'));
}

/** The program of Bun. */
export function bun() {
  return program('Bun', `@oven/bun-${platform}-${arch.replace('arm64', 'aarch64')}`, 'bin/bun');
}

/** The program of Deno, which asks before it does anything unless it is told not to. */
export function deno() {
  const folder = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`;
  return { ...program('Deno', folder, 'deno'), args: ['run', '--allow-all', '--quiet'] };
}

function program(name, folder, file) {
  const manifest = join(modules, folder, 'package.json');
  if (!existsSync(manifest)) {
    throw new StepError(`test/install/runtimes has no ${name} for ${platform} ${arch}: ${folder}`);
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  return {
    name: `${name} ${version.replace(/^v/, '')}`,
    command: join(modules, folder, file),
    args: [],
  };
}
