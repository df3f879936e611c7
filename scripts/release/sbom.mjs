import { createHash } from 'node:crypto';
import { linkedTree } from './crates.mjs';

/**
 * The bill of materials of a release, CycloneDX 1.6: the packages with their checksums, and every crate that is linked
 * into a binary. The same release gives the same text.
 */
export async function bomOf(packages) {
  return writeBom(packages, await linkedTree());
}

/** The platform packages hold the crates; the main package, which is the last, holds none and has no other dependency. */
export function writeBom(packages, crates) {
  const platforms = packages.slice(0, -1);
  const main = packages.at(-1);
  const [addon] = crates;
  const components = [...platforms.map(packageComponent), ...crates.map(crateComponent)];
  const dependencies = [
    { ref: packageUrl(main), dependsOn: platforms.map(packageUrl) },
    ...platforms.map((one) => ({ ref: packageUrl(one), dependsOn: [crateUrl(addon)] })),
    ...crates.map((crate) => ({
      ref: crateUrl(crate),
      dependsOn: crate.dependencies.map((key) => `pkg:cargo/${key}`),
    })),
  ];
  const content = {
    metadata: { component: packageComponent(main) },
    components,
    dependencies,
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
}

function packageComponent({ name, version, integrity }) {
  const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
  return {
    type: 'library',
    'bom-ref': packageUrl({ name, version }),
    ...(group && { group }),
    name: short,
    version,
    hashes: [{ alg: 'SHA-512', content }],
    licenses: [{ license: { id: 'MIT' } }],
    purl: packageUrl({ name, version }),
  };
}

function crateComponent({ name, version, licence, checksum }) {
  return {
    type: 'library',
    'bom-ref': crateUrl({ name, version }),
    name,
    version,
    ...(checksum && { hashes: [{ alg: 'SHA-256', content: checksum }] }),
    licenses: [{ expression: licence }],
    purl: crateUrl({ name, version }),
  };
}

const packageUrl = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

const crateUrl = ({ name, version }) => `pkg:cargo/${name}@${version}`;

/** A name-based identifier (version 8 of RFC 9562, which leaves the hash to the writer). */
function uuidOf(text) {
  const hash = createHash('sha256').update(text).digest();
  hash[6] = (hash[6] & 0x0f) | 0x80;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
