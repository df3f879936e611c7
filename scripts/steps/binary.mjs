import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './process.mjs';
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
  'scripts/steps/settings.mjs',
];

/** The state of what the addon is made of, and of how. */
export const sourcesNow = (how) => fingerprint(inputs, how);

/** Whether the file at `binary` is, byte for byte, what `how` made of the sources as they are now. */
export function isBuilt(binary, how) {
  return (
    existsSync(join(root, binary)) && isStamped(`${binary}.stamp`, stampOf(sourcesNow(how), binary))
  );
}

/** Puts a library in its place, with the state of the `sources` that it was made of. */
export function putBinary(binary, library, sources) {
  replaceFile(join(root, binary), readFileSync(library));
  stamp(`${binary}.stamp`, stampOf(sources, binary));
}

const stampOf = (sources, binary) => `${sources} ${fingerprint([binary])}`;
