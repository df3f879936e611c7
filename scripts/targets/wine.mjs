import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, StepError } from '../steps/process.mjs';
import { kept } from './download.mjs';

/** Debian's package has the program here and nowhere on the path. */
const PROGRAMS = ['/usr/lib/wine/wine64', '/usr/bin/wine64'];

/** Wine 8 lacks this library, which Windows 10 has and Rust's standard library takes random numbers from. */
const MISSING = `
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL ProcessPrng(PBYTE data, SIZE_T length) {
  return RtlGenRandom(data, (ULONG)length);
}
`;

/** A Windows 10 of Wine: `{ program, env }`. */
export async function windows() {
  const program = PROGRAMS.find(existsSync);
  if (program === undefined)
    throw new StepError('wine64 is missing: run scripts/targets/set-up.sh');
  const folder = await kept('windows', async (fresh) => {
    const env = environmentOf(fresh);
    // Through pipes it would wait for its server, which stays for a while.
    await runToFile(program, ['winecfg', '-v', 'win10'], { env });
    const source = join(fresh, 'bcryptprimitives.c');
    writeFileSync(source, MISSING);
    const library = join(fresh, 'drive_c', 'windows', 'system32', 'bcryptprimitives.dll');
    await output('x86_64-w64-mingw32-gcc-posix', [
      '-shared',
      '-s',
      '-o',
      library,
      source,
      '-ladvapi32',
    ]);
  });
  return { program, env: environmentOf(folder) };
}

const environmentOf = (folder) => ({ WINEPREFIX: folder, WINEDEBUG: '-all' });

/** The name that a path has there. */
export const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`;

/** Runs a program whose output has to go to a file; as `run`, with both kinds of output in `stdout`. */
export async function runToFile(command, args, { env, timeoutMs }) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-output-'));
  const file = join(folder, 'output');
  const descriptor = openSync(file, 'w');
  try {
    const code = await new Promise((settle) => {
      const child = spawn(command, args, {
        env: { ...process.env, ...env },
        stdio: ['ignore', descriptor, descriptor],
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      });
      child.once('error', () => settle(127));
      child.once('exit', (exitCode, signal) => settle(exitCode ?? (signal ? 1 : 0)));
    });
    return { code, stdout: readFileSync(file, 'utf8'), stderr: '' };
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true, force: true });
  }
}
