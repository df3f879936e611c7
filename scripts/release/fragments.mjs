import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../steps/process.mjs';

/** Where a change says what users have to know of it: one file each, `<what>.<kind>.md`. */
export const fragmentsFolder = '.github/changes';

/** The kinds of a change in the order of a changelog, each with its heading (Keep a Changelog). */
export const kinds = {
  added: 'Added',
  changed: 'Changed',
  deprecated: 'Deprecated',
  removed: 'Removed',
  fixed: 'Fixed',
  security: 'Security',
};

/** The fragments in a checkout, by kind and then by name: `{ path, kind, text }`. */
export function readFragments(checkout) {
  const folder = join(checkout, fragmentsFolder);
  if (!existsSync(folder)) return [];
  const order = Object.keys(kinds);
  return readdirSync(folder)
    .filter((name) => name !== 'README.md')
    .sort()
    .map((name) => readFragment(folder, name))
    .sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

function readFragment(folder, name) {
  const kind = name.match(/^[a-z0-9-]+\.([a-z]+)\.md$/)?.[1];
  if (kind === undefined || !(kind in kinds)) {
    throw new StepError(
      `${fragmentsFolder}/${name}: the name has to be <what>.<kind>.md; kinds are ${Object.keys(kinds).join(', ')}`,
    );
  }
  const text = readFileSync(join(folder, name), 'utf8').trim();
  if (text === '') throw new StepError(`${fragmentsFolder}/${name} is empty`);
  if (/^(#|[-*] )/m.test(text)) {
    throw new StepError(
      `${fragmentsFolder}/${name}: a fragment becomes one item of a list; it has no headings and no list of its own`,
    );
  }
  return { path: join(fragmentsFolder, name), kind, text };
}
