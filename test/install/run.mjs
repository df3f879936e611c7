import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installLocked } from '../../scripts/steps/install.mjs';
import { StepError, verb } from '../../scripts/steps/process.mjs';
import { elapsed } from '../../scripts/steps/progress.mjs';
import { findGroups } from './groups.mjs';
import { inLanes } from './lanes.mjs';
import { programsOf } from './machine.mjs';
import { openShop } from './shop.mjs';
import { report } from './table.mjs';

// npm run test:install -- [group…] [--only TEXT]: installs as users do, in a temporary folder a row.
await verb(async (args) => {
  const { names, only } = read(args);
  const groups = await findGroups(names);
  const rows = groups.flatMap(({ name: group, rows }) =>
    rows.filter(({ name }) => name.includes(only)).map((row) => ({ group, ...row })),
  );
  if (rows.length === 0) throw new StepError(`no row has ${only} in its name`);
  for (const tool of new Set(groups.flatMap(({ tools = [] }) => tools)))
    await installLocked(tool, `installing ${tool}`);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-install-')));
  const shop = await openShop(folder);
  try {
    return report(await inLanes(rows.map((row) => () => runRow(row, shop, folder))));
  } finally {
    await shop.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

function read(args) {
  const at = args.indexOf('--only');
  if (at === -1) return { names: args, only: '' };
  return { names: args.toSpliced(at, 2), only: args[at + 1] ?? '' };
}

async function runRow({ group, name, run }, { environment, ...context }, parent) {
  const folder = mkdtempSync(join(parent, `${group}-`));
  const started = performance.now();
  const result = { group, name };
  try {
    result.note = await run({ folder, ...context, ...programsOf(folder, environment) });
  } catch (error) {
    result.error = error;
  }
  result.took = elapsed(performance.now() - started);
  console.log(`${result.error ? 'FAIL' : 'ok  '} ${group}: ${name} (${result.took})`);
  if (result.error) console.log(result.error.stack);
  rmSync(folder, { recursive: true, force: true });
  return result;
}
