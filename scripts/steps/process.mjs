import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A failure that is explained by its message alone: shown without a stack trace. */
export class StepError extends Error {}

/**
 * Runs a program from the project's folder and waits for it.
 *
 * `output` says where its output goes: `show` straight to the terminal, `tee` to the terminal and into the result,
 * `keep` into the result only. `onText` sees each piece of standard error as it arrives.
 * With `timeoutMs` it is ended by force after that time.
 * Resolves to `{ code, stdout, stderr }`; a program that cannot be started gives code 127.
 */
export function run(
  command,
  args,
  { env, cwd = root, output = 'show', onText, shell = false, timeoutMs } = {},
) {
  return new Promise((settle) => {
    const child = spawn(command, args, {
      cwd,
      shell,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, ...env },
      stdio: output === 'show' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    const text = { stdout: '', stderr: '' };
    for (const name of output === 'show' ? [] : ['stdout', 'stderr']) {
      child[name].setEncoding('utf8');
      child[name].on('data', (piece) => {
        text[name] += piece;
        if (output === 'tee') process[name].write(piece);
        if (name === 'stderr') onText?.(piece);
      });
    }
    child.once('error', (error) => settle({ ...text, code: 127, stderr: error.message }));
    child.once('close', (code, signal) => settle({ ...text, code: code ?? (signal ? 1 : 0) }));
  });
}

/** Runs a program that must succeed; resolves to what it printed. */
export async function output(command, args, options) {
  const { code, stdout, stderr } = await run(command, args, { ...options, output: 'keep' });
  if (code === 0) return stdout;
  throw new StepError(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

/** Runs npm; as `run`. On Windows npm is a batch file, which only a shell starts. */
export const runNpm = (args, options) =>
  run('npm', args, { ...options, shell: process.platform === 'win32' });

/** Runs a Node script of the project; as `run`. */
export const runNode = (args, options) => run(process.execPath, args, options);

/** Runs one verb to its end: its exit code is the process's, a `StepError` is shown as one plain message. */
export async function verb(main) {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    console.error(error instanceof StepError ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
