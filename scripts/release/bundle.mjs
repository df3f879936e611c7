import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packAll } from '../../npm/pack.mjs';
import { StepError } from '../steps/process.mjs';
import { versionOf } from './places.mjs';
import { integrityOf } from './registry.mjs';
import { bomOf } from './sbom.mjs';

const list = 'packages.json';
const sums = 'SHA256SUMS';

/**
 * Makes the folder of a release: the tarballs, the list of them in the order of publishing, the bill of materials and
 * the checksums of all of these. Platforms that are not built are an error, or stubs with `stubs`.
 */
export async function makeBundle(folder, checkout, { stubs = false } = {}) {
  clear(folder);
  const packed = await packAll(folder, { stubs });
  const version = versionOf(checkout);
  if (packed.version !== version)
    throw new StepError(`packed ${packed.version}, but the version of the sources is ${version}`);
  // Nobody can install the main package before its platform packages are there.
  const packages = [...packed.platforms, packed.main].map((one) => ({
    name: one.name,
    version: one.version,
    file: basename(one.file),
    integrity: integrityOf(readFileSync(one.file)),
    size: one.size,
    unpackedSize: one.unpackedSize,
    ...(one.isStub && { isStub: true }),
  }));
  write(folder, list, { version, packages });
  write(folder, `flipt-native-${version}.cdx.json`, await bomOf(packages));
  writeFileSync(join(folder, sums), checksums(folder));
  return readBundle(folder);
}

/** Reads the folder of a release, and checks that every file is as it was made. Resolves to `{ version, packages, files }`. */
export function readBundle(folder) {
  if (readFileSync(join(folder, sums), 'utf8') !== checksums(folder))
    throw new StepError(`the files in ${folder} are not those of its ${sums}`);
  const { version, packages } = JSON.parse(readFileSync(join(folder, list), 'utf8'));
  return {
    version,
    packages: packages.map((one) => ({ ...one, file: join(folder, one.file) })),
    files: readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  };
}

/** The SHA-256 of every file of a folder, in the form that `sha256sum --check` reads. */
export function checksums(folder) {
  return readdirSync(folder)
    .filter((name) => name !== sums)
    .sort()
    .map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`)
    .join('');
}

/** Nothing but an older bundle is removed. */
function clear(folder) {
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0 && !existsSync(join(folder, list)))
    throw new StepError(`${folder} holds something else than a bundle`);
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function write(folder, name, value) {
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
}
