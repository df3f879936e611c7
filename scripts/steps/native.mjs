import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hostTarget } from '../../npm/targets.mjs';
import { isBuilt, putBinary, sourcesNow } from './binary.mjs';
import { alone } from './lock.mjs';
import { root, run, StepError } from './process.mjs';
import { withProgress } from './progress.mjs';
import { buildSettings } from './settings.mjs';

/** The two builds of the addon: what users get, and the same code with the hooks that tests need. */
const builds = {
  release: {
    label: 'building the addon (release)',
    file: 'flipt_native.node',
    args: ['--release'],
  },
  hooks: {
    label: 'building the addon with test hooks',
    file: 'flipt_native.hooks.node',
    args: ['--profile', 'hooks', '--features', 'test-hooks'],
  },
};

/** Where a build of the addon for this machine lies, relative to the project. */
export const binaryOf = (name) => join('npm', hostTarget().suffix, builds[name].file);

/** The environment in which a script loads the build with test hooks. */
export const hooksBinary = () => ({ FLIPT_NATIVE_BINARY: join(root, binaryOf('hooks')) });

/**
 * Builds the addon for this machine when its inputs changed since the last build, or always with `force`.
 *
 * What `npm run build:target` made for this machine of the same inputs is as good as the release build, and kept.
 */
export async function buildNative(name = 'release', { force = false } = {}) {
  const { label, args } = builds[name];
  const binary = binaryOf(name);
  const how = args.join(' ');
  const isDone = () => isBuilt(binary, how) || (name === 'release' && isForPublication(binary));
  if (!force && isDone()) return;
  await alone('native', async () => {
    if (!force && isDone()) return;
    const sources = sourcesNow(how);
    putBinary(binary, await compileLibrary(hostTarget(), { label, args }), sources);
  });
}

function isForPublication(binary) {
  const isIt = isBuilt(binary, hostTarget().build);
  if (isIt) process.stderr.write(`${binary} is kept as build:target made it\n`);
  return isIt;
}

/**
 * Compiles the addon for a target and resolves to the path of the library.
 *
 * `command` is the subcommand of cargo that builds, with its own arguments; `args` come after those of every build.
 * `env` is added to the environment of cargo, `flags` to those of rustc.
 */
export async function compileLibrary(
  target,
  { label, command = ['build'], args = [], env = {}, flags = [] },
) {
  const found = { ...(await requireCargo()), ...env };
  const all = [...command, '-p', 'flipt-native-bindings', '--locked', ...args];
  const settings = await buildSettings(target, { env: found, flags });
  return libraryIn(await cargoWithProgress(label, all, { ...found, ...settings }));
}

/** Compiles what a `cargo test` command line runs, so that the run itself is short. */
export async function compileTests(args) {
  const label = 'compiling the tests of the engine';
  await cargoWithProgress(label, [...args, '--no-run'], await requireCargo());
}

/** Runs a cargo command that compiles, shows how far it is, and returns its messages. */
async function cargoWithProgress(label, args, environment) {
  let counter = '';
  const onText = (text) => {
    counter = text.match(/(\d+\/\d+)(?!.*\d+\/\d+)/s)?.[1] ?? counter;
  };
  return withProgress(
    label,
    async () => {
      const { code, stdout, stderr } = await run(
        'cargo',
        [...args, '--message-format=json-render-diagnostics'],
        { env: { ...environment, ...showCounter }, output: 'keep', onText },
      );
      if (code === 0) return stdout;
      throw new StepError(`cargo ${args.join(' ')} failed:\n${readable(stderr)}`);
    },
    () => (counter ? `${counter} crates` : ''),
  );
}

const showCounter = {
  CARGO_TERM_PROGRESS_WHEN: 'always',
  CARGO_TERM_PROGRESS_WIDTH: '80',
  CARGO_TERM_COLOR: 'never',
};

/** Standard error of cargo without its progress lines. */
const readable = (stderr) =>
  stderr
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf('\r') + 1))
    .filter(
      (line) => !/^\s*(Compiling|Building|Downloading|Downloaded|Locking|Updating)\b/.test(line),
    )
    .join('\n');

function libraryIn(messages) {
  const library = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((m) => m.reason === 'compiler-artifact' && m.target.name === 'flipt_native_bindings')
    .flatMap((m) => m.filenames)
    .find((file) => /\.(so|dylib|dll)$/.test(file));
  if (!library) throw new StepError('cargo built no dynamic library for flipt-native-bindings.');
  return library;
}

/** The environment in which `cargo` is found; says what is missing where there is none. */
export async function requireCargo() {
  const path = [process.env.PATH, join(homedir(), '.cargo', 'bin')].join(delimiter);
  const { code, stderr } = await run('cargo', ['--version'], {
    env: { PATH: path },
    output: 'keep',
  });
  if (code === 0) return { PATH: path };
  throw new StepError(
    [
      'The Rust toolchain is missing: flipt-native is compiled from source in a checkout.',
      `  tried:   cargo --version (${stderr.trim().split('\n')[0]})`,
      '  needed:  rustup with cargo, and a C compiler (cc)',
      '  install: https://rustup.rs, then run this command again;',
      '           the toolchain named in rust-toolchain.toml is fetched by itself.',
    ].join('\n'),
  );
}
