import { libcOf } from './libc.js';
import type { Machine } from './machine.js';

/** The programs that install packages. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'yarn-classic' | 'bun';

/** Installs what was left out as optional. */
export function withOptional(manager: PackageManager, machine: Machine): string {
  const targeted = `, or ${installFor(machine, manager)}`;
  switch (manager) {
    case 'npm':
      return `run npm install --include=optional${targeted}`;
    case 'pnpm':
      return `run pnpm install without --no-optional${targeted}`;
    case 'yarn-classic':
      return 'run yarn install without --ignore-optional on this machine';
    case 'yarn':
      return `run yarn install${targeted}`;
    case 'bun':
      return 'run bun install without --omit optional on this machine';
  }
}

/** How packages for exactly this machine are installed, from wherever. */
export function installFor(machine: Machine, manager: PackageManager): string {
  const { platform, arch } = machine;
  const libc = libcOf(machine);
  switch (manager) {
    case 'npm': {
      const flags = libc === undefined ? '' : ` --libc=${libc}`;
      return `install with npm install --os=${platform} --cpu=${arch}${flags}`;
    }
    case 'pnpm':
    case 'yarn': {
      const file = manager === 'pnpm' ? 'pnpm-workspace.yaml' : '.yarnrc.yml';
      const libcs = libc === undefined ? '' : `, libc: [current, ${libc}]`;
      return `add supportedArchitectures: { os: [current, ${platform}], cpu: [current, ${arch}]${libcs} } to ${file} and install again`;
    }
    case 'yarn-classic':
    case 'bun':
      return 'remove node_modules and install again on this machine';
  }
}

/** Brings the platform package of this version. */
export function reinstall(manager: PackageManager, version: string): string {
  const verb = {
    npm: 'npm install',
    pnpm: 'pnpm add',
    yarn: 'yarn add',
    'yarn-classic': 'yarn add',
    bun: 'bun add',
  };
  return `${verb[manager]} flipt-native@${version}`;
}
