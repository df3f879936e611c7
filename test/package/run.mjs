import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installLocked } from '../../scripts/steps/install.mjs';

// The packages as users get them: packed, checked, installed from a registry of their own, run.
await installLocked('test/package', 'installing what packages are checked with');
const folder = import.meta.dirname;
const tests = readdirSync(folder).filter((name) => name.endsWith('.test.mjs'));
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', ...tests.map((name) => join(folder, name))],
  { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
);
process.stdout.write(stdout);
process.stderr.write(stderr);
const of = (word) => Number(stdout.match(new RegExp(`^\\W* ${word} (\\d+)$`, 'm'))?.[1] ?? 0);
console.log(`package: ${of('pass')} passed, ${of('fail')} failed`);
process.exitCode = status === 0 ? 0 : 1;
