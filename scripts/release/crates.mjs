import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { published } from '../../npm/targets.mjs';
import { allCrates } from '../licences/crates.mjs';
import { requireCargo } from '../steps/native.mjs';
import { output, root } from '../steps/process.mjs';

const addon = 'flipt-native-bindings';

/**
 * The crates that are linked into a published binary, the addon itself first: `{ name, version, licence, checksum,
 * dependencies }`, where dependencies are `name@version` and a crate of this repository has no checksum.
 */
export async function linkedTree() {
  const args = ['tree', '-p', addon, '--locked', '--edges', 'normal,no-proc-macro'];
  const targets = published.flatMap(({ triple }) => ['--target', triple]);
  const format = ['--prefix', 'depth', '--format', '|{p}'];
  const env = await requireCargo();
  const tree = await output('cargo', [...args, ...targets, ...format], { env });
  const checksums = readChecksums(readFileSync(join(root, 'Cargo.lock'), 'utf8'));
  const licences = new Map(
    (await allCrates()).map(({ name, version, license }) => [`${name}@${version}`, license]),
  );
  return fromTree(tree).map(({ key, ...crate }) => ({
    ...crate,
    licence: (licences.get(key) ?? 'MIT').replaceAll(/ *\/ */g, ' OR '),
    checksum: checksums.get(key),
  }));
}

/** Reads what `cargo tree` prints with depths: every line is a dependency of the nearest one above with less depth. */
export function fromTree(text) {
  const crates = new Map();
  const path = [];
  for (const [, depth, name, version] of text.matchAll(/^(\d+)\|(\S+) v(\S+)/gm)) {
    const key = `${name}@${version}`;
    path.length = Number(depth);
    path.push(key);
    if (!crates.has(key)) crates.set(key, { key, name, version, dependencies: new Set() });
    crates.get(path.at(-2))?.dependencies.add(key);
  }
  return [...crates.values()].map((crate) => ({
    ...crate,
    dependencies: [...crate.dependencies].sort(),
  }));
}

/** The SHA-256 of every crate from a registry in a Cargo.lock, by `name@version`. */
export function readChecksums(lock) {
  const pattern =
    /^name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([^"]+)"/gm;
  return new Map(
    [...lock.matchAll(pattern)].map(([, name, version, sum]) => [`${name}@${version}`, sum]),
  );
}
