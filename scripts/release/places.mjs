import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../steps/process.mjs';

/** Where the one version of packages and crates stands, and that is not generated from package.json: files with patterns. */
const places = [
  ['package.json', /^( {2}"version": ")([^"]+)(")/m],
  ['package-lock.json', /^( {2}"version": ")([^"]+)(")/m],
  ['package-lock.json', /^( {4}"": \{\n {6}"name": "flipt-native",\n {6}"version": ")([^"]+)(")/m],
  ['Cargo.toml', /^(\[workspace\.package\]\nversion = ")([^"]+)(")/m],
  ['Cargo.lock', locked('flipt-engine')],
  ['Cargo.lock', locked('flipt-native-bindings')],
  ['engine/fuzz/Cargo.lock', locked('flipt-engine')],
];

/** The version in each of its places in a checkout: `{ path, version }`. */
export function readVersions(checkout) {
  return places.map(([path, pattern]) => {
    const [, , version] = match(readFileSync(join(checkout, path), 'utf8'), path, pattern);
    return { path, version };
  });
}

/** The version of a checkout; its places have to agree. */
export function versionOf(checkout) {
  const found = readVersions(checkout);
  const [{ version }] = found;
  if (found.every((one) => one.version === version)) return version;
  const list = found.map((one) => `  ${one.path}: ${one.version}`).join('\n');
  throw new StepError(`the version is not the same everywhere:\n${list}`);
}

/** Writes a version into all its places. */
export function writeVersions(checkout, version) {
  for (const [path, pattern] of places) {
    const file = join(checkout, path);
    const text = readFileSync(file, 'utf8');
    match(text, path, pattern);
    writeFileSync(file, text.replace(pattern, `$1${version}$3`));
  }
}

function locked(crate) {
  return new RegExp(`^(name = "${crate}"\\nversion = ")([^"]+)(")`, 'm');
}

function match(text, path, pattern) {
  const found = pattern.exec(text);
  if (!found) throw new StepError(`${path} has no version where one is expected`);
  return found;
}
