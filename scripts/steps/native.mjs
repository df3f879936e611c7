import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hostTarget } from '../../npm/targets.mjs';
import { alone } from './lock.mjs';
import { root, run, StepError } from './process.mjs';
import { withProgress } from './progress.mjs';
import { fingerprint, isStamped, replaceFile, stamp } from './stamp.mjs';

const inputs = [
  'Cargo.toml',
  'Cargo.lock',
  'rust-toolchain.toml',
  '.cargo',
  'engine/Cargo.toml',
  'engine/src',
  'bindings/Cargo.toml',
  'bindings/build.rs',
  'bindings/src',
];

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

/** Builds the addon for this machine when its inputs changed since the last build, or always with `force`. */
export async function buildNative(name = 'release', { force = false } = {}) {
  const build = builds[name];
  const binary = binaryOf(name);
  const current = () => fingerprint(inputs, build.args.join(' '));
  const isDone = () => existsSync(join(root, binary)) && isStamped(`${binary}.stamp`, current());
  if (!force && isDone()) return;
  await alone('native', async () => {
    if (!force && isDone()) return;
    const before = current();
    replaceFile(join(root, binary), readFileSync(await compile(build)));
    stamp(`${binary}.stamp`, before);
  });
}

async function compile({ label, args }) {
  const all = ['build', '-p', 'flipt-native-bindings', '--locked', ...args];
  return libraryIn(await cargoWithProgress(label, all));
}

/** Compiles what a `cargo test` command line runs, so that the run itself is short. */
export async function compileTests(args) {
  await cargoWithProgress('compiling the tests of the engine', [...args, '--no-run']);
}

/** Runs a cargo command that compiles, shows how far it is, and returns its messages. */
async function cargoWithProgress(label, args) {
  const environment = await requireCargo();
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
