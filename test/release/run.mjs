import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The scripts and workflows of a release. All of it in one play: npm run release:rehearse.
const here = fileURLToPath(new URL('.', import.meta.url));
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs'))
  .map((name) => join(here, name));
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', ...files],
  { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
);
process.stdout.write(stdout);
process.stderr.write(stderr);
const of = (word) => Number(stdout.match(new RegExp(`^\\W* ${word} (\\d+)$`, 'm'))?.[1] ?? 0);
console.log(`release: ${of('pass')} passed, ${of('fail')} failed`);
process.exitCode = status === 0 ? 0 : 1;
