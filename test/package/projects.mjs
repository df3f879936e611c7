import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packFolder, packMain, packPlatform } from '../../npm/pack.mjs';
import { hostTarget } from '../../npm/targets.mjs';
import { startRegistry } from './registry.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const suffix = hostTarget().suffix;
export const platformPackage = `@flipt-native/${suffix}`;

const hangMs = 600_000;
// There npm is a batch file, which only a shell starts.
const isWindows = process.platform === 'win32';

/** Runs a program, and ends it when it hangs; resolves to `{ code, stdout, stderr }`. */
export function execute(
  command,
  args,
  { cwd, env = {}, shell = false, hangAfterMs = hangMs } = {},
) {
  const { FLIPT_NATIVE_BINARY, ...inherited } = process.env;
  return new Promise((settle) => {
    execFile(
      command,
      args,
      { cwd, shell, env: { ...inherited, ...env }, timeout: hangAfterMs, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => settle({ code: error ? (error.code ?? 1) : 0, stdout, stderr }),
    );
  });
}

async function npm(args, { cwd }) {
  const { code, stdout, stderr } = await execute('npm', args, { cwd, shell: isWindows });
  if (code !== 0) throw new Error(`npm ${args[0]} failed in ${cwd}\n${stdout}${stderr}`);
  return stdout;
}

/** Everything that the tests install, in a registry of their own below `folder`. */
export async function publishAll(temporary) {
  const folder = realpathSync(temporary);
  const main = await packMain(folder);
  const platform = await packPlatform({ suffix }, folder);
  const dependant = await packFolder(dependantOf(folder), folder);
  const registry = await startRegistry([main, platform, dependant]);
  let projects = 0;
  return {
    close: () => registry.close(),
    /** An empty project with these fields in its package.json, installed. Resolves to its folder. */
    async install(fields, ...options) {
      projects += 1;
      const project = join(folder, `project-${projects}`);
      mkdirSync(project);
      writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, ...fields }));
      const cache = join(folder, 'npm-cache');
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
      await npm(['install', '--registry', registry.url, '--cache', cache, ...quiet, ...options], {
        cwd: project,
      });
      return project;
    },
  };
}

/** A package of somebody else's that imports the original client by its name. */
export function dependantOf(folder) {
  const source = join(folder, 'dependant');
  mkdirSync(source);
  writeFileSync(
    join(source, 'package.json'),
    JSON.stringify({
      name: 'dependant',
      version: '1.0.0',
      main: 'index.js',
      dependencies: { '@flipt-io/flipt-client-js': '^0.5.0' },
    }),
  );
  writeFileSync(
    join(source, 'index.js'),
    `const { FliptClient } = require('@flipt-io/flipt-client-js/node');
exports.isOn = async (options, request) => {
  const client = await FliptClient.init(options);
  const { enabled } = client.evaluateBoolean(request);
  client.close();
  return enabled;
};
`,
  );
  return source;
}

/** Puts a program into a project and runs it with Node. */
export function runProgram(project, name, source, options = {}) {
  writeFileSync(join(project, name), source);
  return execute(process.execPath, [name], { cwd: project, ...options });
}

/** Lets a project use packages of the checkout that are not part of the installation. */
export function lend(project, ...names) {
  for (const name of names) {
    cpSync(join(root, 'node_modules', name), join(project, 'node_modules', name), {
      recursive: true,
    });
  }
}
