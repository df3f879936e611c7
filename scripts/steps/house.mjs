import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root, run, StepError } from './process.mjs';

const topLevel =
  /^(engine|bindings|src|npm|test|docs|scripts|Cargo\.(toml|lock)|package(-lock)?\.json|tsconfig.*\.json|knip\.json|vitest\.config\.ts|rust-toolchain\.toml|README\.md|CHANGELOG\.md|LICENSE|\..*)$/;
const code = /^(engine\/(src|benches|examples)|bindings|src|npm|scripts)\/.*\.(rs|ts|mjs)$/;
const text = /\.(rs|ts|mts|cts|mjs|js|json|md|toml|ya?ml|sh)$|^\.|\/run$/;
const recorded = /^test\/conformance\/.*\.(json|jsonl|yaml)$/;

/** Line limits without tests: the general one, and those of files that must stay small. */
const limits = [
  [/^bindings\/src\/pin\.rs$/, 60],
  [/^engine\/src\/lib\.rs$/, 80],
  [/./, 400],
];

/** What may not stand in a tracked file, and the files to which that does not apply. */
const forbidden = [
  ['a registry host', /registry\.npmjs\.org|registry\.yarnpkg\.com|(static|index)\.crates\.io/],
  ['a resolved URL in a lock file', /"resolved": "https?:/, /^(?!.*package-lock\.json$)/],
  ['left over', /\b(TODO|FIXME|XXX|HACK)\b/, /\.md$|lock|^scripts\/steps\/house\.mjs$/],
  ['a path outside the project', /\.\.\/shared/, /^\.ci\/|^scripts\/steps\/house\.mjs$/],
  ['a path of this machine', machinePath()],
  // Tests load what the script has yet to install and build.
  ['a test that is loaded at once', /^import [^(]*from '[./]*\/test\//m, /^(?!scripts\/[^/]+$)/],
];

/** Everything in the tracked files that breaks a rule of the house, one text each. */
export async function houseFindings() {
  const { code: status, stdout } = await run('git', ['ls-files', '-z'], { output: 'keep' });
  if (status !== 0) throw new StepError('the house rules are checked on a git checkout');
  const files = stdout.split('\0').filter((file) => file && existsSync(join(root, file)));
  return [...new Set(files.map(outsideThePlan).filter(Boolean)), ...files.flatMap(inFile)];
}

function outsideThePlan(file) {
  const [top] = file.split('/');
  return topLevel.test(top) ? undefined : `${top}: not in the plan of the top level`;
}

function inFile(file) {
  if (recorded.test(file) || !text.test(file)) return [];
  const content = readFileSync(join(root, file), 'utf8');
  const found = forbidden
    .filter(([, pattern, exempt]) => pattern.test(content) && !exempt?.test(file))
    .map(([what]) => `${file}: ${what}`);
  if (code.test(file)) {
    const lines = content.split(/^#\[cfg\(test\)\]\nmod /m)[0].split('\n').length - 1;
    const limit = limits.find(([pattern]) => pattern.test(file))[1];
    if (lines > limit) found.push(`${file}: ${lines} lines, the limit is ${limit}`);
  }
  return found;
}

function machinePath() {
  const escaped = (path) => path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w.])(${escaped(root)}|${escaped(homedir())})/`);
}
