import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { published } from '../../npm/targets.mjs';
import { requireCargo } from '../steps/native.mjs';
import { root, run, StepError } from '../steps/process.mjs';

const addon = 'flipt-native-bindings';

/**
 * The crates that are linked into a published binary, the addon itself first: `{ name, version, licence, checksum,
 * dependencies }`, where dependencies are `name@version` and a crate of this repository has no checksum.
 */
export async function linkedCrates() {
  const args = ['tree', '-p', addon, '--locked', '-e', 'normal,no-proc-macro'];
  const targets = published.flatMap(({ triple }) => ['--target', triple]);
  const { code, stdout, stderr } = await run(
    'cargo',
    [...args, ...targets, '--prefix', 'depth', '--format', '|{p}|{l}'],
    { env: await requireCargo(), output: 'keep' },
  );
  if (code !== 0) throw new StepError(`cargo tree failed:\n${stderr}`);
  return fromTree(stdout, readChecksums(readFileSync(join(root, 'Cargo.lock'), 'utf8')));
}

/** Reads what `cargo tree` prints with depths: every line is a dependency of the nearest one above with less depth. */
export function fromTree(text, checksums) {
  const crates = new Map();
  const path = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const [depth, crate, licence] = line.split('|');
    const [, name, version] = crate.match(/^(\S+) v(\S+)/);
    const key = `${name}@${version}`;
    path.length = Number(depth);
    path.push(key);
    if (!crates.has(key)) {
      crates.set(key, {
        name,
        version,
        licence: licence.replace(/ \(\*\)$/, '').replaceAll(/ *\/ */g, ' OR '),
        checksum: checksums.get(key),
        dependencies: new Set(),
      });
    }
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
