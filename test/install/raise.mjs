import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../package/projects.mjs';

/** The next version that is written with as many characters: `0.1.0` to `0.1.1`, `0.1.9` to `0.2.0`. */
export function versionAfter(version) {
  const [, core, rest] = version.match(/^(\d+\.\d+\.\d+)(.*)$/);
  const numbers = core.split('.').map(Number);
  for (const raised of [2, 1, 0]) {
    const next = numbers.map((number, at) => {
      if (at < raised) return number;
      return at === raised ? number + 1 : least(number);
    });
    if (next.join('.').length === core.length) return `${next.join('.')}${rest}`;
  }
  throw new Error(`no version of the length of ${version} comes after it`);
}

/**
 * Unpacks a packed package below `folder` as another version of itself; resolves to the folder.
 *
 * The version stands in the manifest, in the JavaScript and in the binary, where only a text of the same length fits.
 */
export async function raise({ name, version, file }, next, folder) {
  const place = join(folder, 'raised', name);
  mkdirSync(place, { recursive: true });
  const { code, stderr } = await execute('tar', ['-xzf', file, '-C', place]);
  if (code !== 0) throw new Error(`${file} cannot be unpacked: ${stderr}`);
  const files = readdirSync(place, { recursive: true, withFileTypes: true });
  for (const entry of files.filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    writeFileSync(path, readFileSync(path, 'latin1').replaceAll(version, next), 'latin1');
  }
  return join(place, 'package');
}

const least = (number) => (number < 10 ? 0 : 10 ** (String(number).length - 1));
