import { existsSync, readdirSync } from 'node:fs';
import { StepError } from '../../scripts/steps/process.mjs';

/** The groups of these names, all without any: `{ name, rows, tools }`. */
export async function findGroups(names) {
  const here = new URL('.', import.meta.url);
  const file = (name) => new URL(`${name}/index.mjs`, here);
  const known = readdirSync(here)
    .filter((name) => existsSync(file(name)))
    .sort();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new StepError(`no group ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return Promise.all(
    known
      .filter((name) => names.length === 0 || names.includes(name))
      .map(async (name) => ({ name, ...(await import(file(name).href)) })),
  );
}
