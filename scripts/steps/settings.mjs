import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crateMetadata } from './metadata.mjs';
import { output } from './process.mjs';

/**
 * What every build of the addon for a target sets, as environment variables for cargo.
 *
 * The binary then depends neither on the folder of the checkout nor on the machine's, and says nothing of them.
 * `env` is the environment in which cargo and rustc are found; `flags` are added for rustc.
 */
export async function buildSettings(target, { env, flags = [] }) {
  const all = [...linkage(target), ...(await withoutFolders(target, env)), ...flags];
  return {
    CARGO_ENCODED_RUSTFLAGS: all.join('\u001f'),
    ...(target.macos === undefined ? {} : { MACOSX_DEPLOYMENT_TARGET: target.macos }),
  };
}

/** What Node loads must share Node's C library on Linux, and must not need that of Visual C++ on Windows. */
function linkage({ triple, libc }) {
  if (libc === 'musl') return ['-C', 'target-feature=-crt-static'];
  if (triple.endsWith('-msvc')) return ['-C', 'target-feature=+crt-static'];
  return [];
}

/** Panic messages name source files. Of several prefixes that match, rustc takes the last. */
async function withoutFolders({ triple }, env) {
  const metadata = await crateMetadata(triple, env);
  const registries = metadata.packages
    .filter(({ source }) => source !== null)
    .map(({ manifest_path }) => dirname(dirname(manifest_path)));
  return [
    [metadata.workspace_root, '.'],
    [metadata.target_directory, 'target'],
    ...[...new Set(registries)].map((folder) => [folder, '/crates']),
    ...(await standardLibrary(env.RUSTC ?? 'rustc', env)),
  ].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/** Where the sources of the standard library lie, if they do, and the name that they have without them. */
async function standardLibrary(compiler, env) {
  const sysroot = (await output(compiler, ['--print', 'sysroot'], { env })).trim();
  const folder = join(sysroot, 'lib', 'rustlib', 'src', 'rust');
  if (!existsSync(folder)) return [];
  const [, commit] = (await output(compiler, ['-vV'], { env })).match(/^commit-hash: (.*)$/m);
  // Debian's is a link, and both of its ends are compiled in.
  return [folder, realpathSync(folder)].map((path) => [path, `/rustc/${commit}`]);
}
