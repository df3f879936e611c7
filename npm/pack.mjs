import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNpm, StepError } from '../scripts/steps/process.mjs';
import { published } from './targets.mjs';

const npmFolder = fileURLToPath(new URL('.', import.meta.url));
const checkout = resolve(npmFolder, '..');
const binaryName = 'flipt_native.node';
const notice = 'THIRD-PARTY-LICENSES';

/**
 * Packs the main package and every published platform package into `destination`, as they are published.
 *
 * A platform whose binary is not built gets a stub with `stubs`, else it is an error. Resolves to
 * `{ version, main, platforms }`; each package is `{ name, version, manifest, file, files, size, unpackedSize }`,
 * a platform also has `suffix` and `isStub`.
 */
export async function packAll(destination, { stubs = false } = {}) {
  const main = await packMain(destination);
  const platforms = [];
  for (const target of published)
    platforms.push(await packPlatform(target, destination, { stubs }));
  return { version: main.version, main, platforms };
}

/** Packs the main package. */
export function packMain(destination) {
  return staged((folder) => {
    layOutMain(folder);
    return packFolder(folder, destination);
  });
}

/**
 * Writes the main package into a folder as it is published; only here it gets its optional dependencies, each at exactly
 * its own version.
 */
export function layOutMain(folder) {
  const { scripts, devDependencies, ...kept } = readManifest(checkout);
  const subpaths = subpathsOf(kept);
  const manifest = {
    ...kept,
    files: [...kept.files, ...subpaths.map(({ name }) => name)],
    optionalDependencies: Object.fromEntries(
      published.map(({ suffix }) => [`@flipt-native/${suffix}`, kept.version]),
    ),
  };
  mkdirSync(folder, { recursive: true });
  for (const name of ['dist', 'README.md', 'LICENSE'])
    copy(join(checkout, name), join(folder, name));
  for (const { name, main, types } of subpaths) {
    mkdirSync(join(folder, name));
    writeManifest(join(folder, name), { main, types });
  }
  writeManifest(folder, manifest);
}

/** What finds modules without `exports` (TypeScript's node10, old bundlers) looks for a folder with a package.json. */
function subpathsOf({ exports }) {
  const files = Object.entries(exports).filter(([, { require }]) => require !== undefined);
  return files
    .filter(([subpath]) => subpath !== '.')
    .map(([subpath, { require }]) => ({
      name: subpath.slice('./'.length),
      main: require.default.replace('./', '../'),
      types: require.types.replace('./', '../'),
    }));
}

/** Packs one platform package. */
export function packPlatform({ suffix }, destination, { stubs = false } = {}) {
  const source = join(npmFolder, suffix);
  const manifest = readManifest(source);
  const isStub = !existsSync(join(source, binaryName));
  if (isStub && !stubs) {
    throw new StepError(
      `npm/${suffix}/${binaryName} is missing: npm run build:target -- ${suffix}`,
    );
  }
  return staged(async (folder) => {
    for (const name of ['README.md', 'LICENSE']) copy(join(source, name), join(folder, name));
    copy(join(npmFolder, notice), join(folder, notice));
    const binary = join(folder, binaryName);
    if (isStub) writeFileSync(binary, stubOf(suffix, manifest.version));
    else copy(join(source, binaryName), binary);
    writeManifest(folder, manifest);
    return { suffix, isStub, ...(await packFolder(folder, destination)) };
  });
}

/** What stands in a platform package for a binary that was not built; the loader knows its first words. */
const stubOf = (suffix, version) =>
  `flipt-native stub: ${suffix} ${version} was not built; this package is for tests of the installation only\n`;

/** Packs a folder as it lies there, whatever package it is. */
export async function packFolder(folder, destination) {
  const manifest = readManifest(folder);
  mkdirSync(destination, { recursive: true });
  const args = [
    'pack',
    '--json',
    '--ignore-scripts',
    '--loglevel=error',
    '--pack-destination',
    resolve(destination),
  ];
  const { code, stdout, stderr } = await runNpm(args, { cwd: folder, output: 'keep' });
  if (code !== 0) throw new StepError(`npm pack failed for ${manifest.name}:\n${stdout}${stderr}`);
  const [packed] = Object.values(JSON.parse(stdout));
  return {
    name: manifest.name,
    version: manifest.version,
    manifest,
    file: join(resolve(destination), packed.filename),
    files: packed.files
      .map(({ path, size }) => ({ path, size }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    size: packed.size,
    unpackedSize: packed.unpackedSize,
  };
}

async function staged(work) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-pack-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

const writeManifest = (folder, manifest) =>
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);

const copy = (from, to) => cpSync(from, to, { recursive: true });
