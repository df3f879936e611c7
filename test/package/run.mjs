import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// The package as users get it: packed, installed from a registry of its own, run.
const tests = ['package', 'repair'].map((name) =>
  fileURLToPath(new URL(`./${name}.test.mjs`, import.meta.url)),
);
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', ...tests],
  { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
);
process.stdout.write(stdout);
process.stderr.write(stderr);
const of = (word) => Number(stdout.match(new RegExp(`^\\W* ${word} (\\d+)$`, 'm'))?.[1] ?? 0);
console.log(`package: ${of('pass')} passed, ${of('fail')} failed`);
process.exitCode = status === 0 ? 0 : 1;
