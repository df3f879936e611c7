import { published } from '../../npm/targets.mjs';
import { requireCargo } from '../steps/native.mjs';
import { output } from '../steps/process.mjs';
import { chooseLicences } from './expression.mjs';
import { licenceOfFile } from './texts.mjs';

/** Every crate of others that the project's lock files name: what is linked, and what builds, tests and fuzzes it. */
export async function allCrates() {
  const found = await Promise.all(['Cargo.toml', 'engine/fuzz/Cargo.toml'].map(cratesOf));
  const unique = new Map(found.flat().map((crate) => [keyOf(crate), crate]));
  return [...unique.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Those whose code is in a published binary. */
export async function linkedCrates() {
  const env = await requireCargo();
  const trees = await Promise.all(
    published.map(({ triple }) =>
      output(
        'cargo',
        [
          ...['tree', '-p', 'flipt-native-bindings', '--locked', '--target', triple],
          ...['--edges', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}'],
        ],
        { env },
      ),
    ),
  );
  const linked = new Set(
    trees
      .join('\n')
      .match(/^\S+ v\S+/gm)
      .map((text) => text.replace(' v', ' ')),
  );
  return (await allCrates()).filter((crate) => linked.has(keyOf(crate)));
}

/** A line for each crate that may not be used. */
export function licenceFindings(crates) {
  return crates
    .filter(({ name, license }) => chooseLicences(license, name) === undefined)
    .map((crate) => `${keyOf(crate)}: ${crate.license || 'names no licence'}`);
}

/** `name version` */
export const keyOf = ({ name, version }) => `${name} ${version}`;

async function cratesOf(manifest) {
  const args = ['metadata', '--format-version=1', '--locked', '--manifest-path', manifest];
  const { packages } = JSON.parse(await output('cargo', args, { env: await requireCargo() }));
  return packages
    .filter(({ source }) => source !== null)
    .map((crate) => ({ ...crate, license: crate.license ?? licenceOfFile(crate) }));
}
