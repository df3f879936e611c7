import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { root, run } from '../../scripts/steps/process.mjs';
import { findingsIn, workflowFindings } from '../../scripts/steps/workflows.mjs';
import { withPrograms } from './programs.mjs';

const folder = join(root, '.github/workflows');
const workflows = Object.fromEntries(
  readdirSync(folder).map((name) => [name, parse(readFileSync(join(folder, name), 'utf8'))]),
);
const jobsOf = (workflow) => Object.values(workflow.jobs);
const stepsOf = (workflow) => jobsOf(workflow).flatMap(({ steps = [] }) => steps);
const scriptsOf = (workflow) => stepsOf(workflow).map(({ run = '' }) => run);

const sound = `permissions: {}
jobs:
  one:
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@0000000000000000000000000000000000000000 # v1.2.3
        with:
          persist-credentials: false
      - run: |
          npm ci
          cargo test --locked
`;

describe('the rules of workflows', () => {
  it('hold in all of them', () => {
    assert.deepEqual(workflowFindings(), []);
    assert.deepEqual(findingsIn('x.yml', sound), []);
  });

  for (const [what, from, to, message] of [
    ['a tag', '@0000000000000000000000000000000000000000 # v1.2.3', '@v1', /@v1 is not pinned/],
    ['a short commit', '0000000000000000000000000000000000000000', '0000000', /is not pinned/],
    ['a commit without its version', ' # v1.2.3', '', /is not pinned/],
    ['permissions for all jobs', 'permissions: {}', 'permissions: write-all', /at the top/],
    ['no permissions at the top', 'permissions: {}\n', '', /at the top/],
    [
      'a job without permissions',
      '    permissions:\n      contents: read\n',
      '',
      /one: permissions/,
    ],
    ['a job without an end', '    timeout-minutes: 5\n', '', /one: there is no timeout-minutes/],
    ['credentials that stay', 'false', 'true', /one: a checkout keeps its credentials/],
    ['npm install', 'npm ci', 'npm install --global npm', /only npm ci installs: npm install/],
    ['npx', 'npm ci', 'npx something', /only npm ci installs/],
    ['cargo without its lock file', ' --locked', '', /one: cargo without --locked: cargo test/],
    [
      'an expression in a script',
      'npm ci',
      `echo \${{ github.head_ref }}`,
      /is pasted into a script/,
    ],
    ['a secret', 'npm ci', 'npm ci # secrets.NPM_TOKEN', /uses a secret/],
    [
      'an identity for everybody',
      'contents: read',
      'id-token: write',
      /without a protected environment/,
    ],
  ]) {
    it(`find ${what}`, () => {
      assert.ok(sound.includes(from));
      const found = findingsIn('x.yml', sound.replace(from, to));
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0], /^\.github\/workflows\/x\.yml: /);
      assert.match(found[0], message);
    });
  }
});

describe('a run in a container', () => {
  it('is of the target in that image, on this checkout, with Node where there is none', async () => {
    const docker = 'log(process.argv.slice(2))';
    await withPrograms({ docker }, async ({ logged }) => {
      const script = ['scripts/targets/in-container.sh', 'amazonlinux:2023', 'linux-x64-gnu'];
      for (const prepare of ['', 'dnf install --assumeyes nodejs22']) {
        const { code, stderr } = await run('bash', [...script, prepare], { output: 'keep' });
        assert.equal(code, 0, stderr);
      }
      const [bare, prepared] = logged();
      const [image, ...shell] = bare.slice(bare.indexOf('amazonlinux:2023'));
      assert.equal(image, 'amazonlinux:2023');
      assert.deepEqual(shell, [
        ...['sh', '-euc', ':\nnpm run test:target -- "$1"'],
        ...['sh', 'linux-x64-gnu'],
      ]);
      assert.ok(bare.includes(`${root}:/checkout`) && bare.includes('--rm'), bare.join(' '));
      assert.match(prepared.at(-3), /^dnf install --assumeyes nodejs22\nnpm run /);
    });
  });
});

describe('the workflows', () => {
  it('are the four of the project', () => {
    assert.deepEqual(Object.keys(workflows).sort(), [
      'build.yml',
      'ci.yml',
      'nightly.yml',
      'release.yml',
    ]);
  });

  it('call only verbs and files that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const all = Object.values(workflows).flatMap(scriptsOf).join('\n');
    const verbs = [...all.matchAll(/npm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)].map(
      ([, named, test]) => named ?? test,
    );
    assert.ok(verbs.length > 10);
    assert.deepEqual(
      [...new Set(verbs)].filter((verb) => !(verb in scripts)),
      [],
    );
    const files = [...all.matchAll(/(?:bash|node) (\S+\.(?:sh|mjs))/g)].map(([, file]) => file);
    assert.ok(files.includes('npm/generate.mjs'));
    assert.deepEqual(
      files.filter((file) => !existsSync(join(root, file))),
      [],
    );
  });

  it('name no target: the matrices come from the only list', () => {
    const { build, run } = workflows['build.yml'].jobs;
    for (const [key, job] of Object.entries({ build, run })) {
      assert.equal(job.strategy.matrix, `\${{ fromJSON(needs.targets.outputs.${key}) }}`);
      assert.ok([job.needs].flat().includes('targets'));
    }
  });

  it('release in an order in which nothing can be published too early', () => {
    const { jobs } = workflows['release.yml'];
    const needed = (key) => {
      const direct = [jobs[key].needs ?? []].flat();
      return new Set(direct.flatMap((one) => [one, ...needed(one)]));
    };
    assert.deepEqual([...needed('publish')].sort(), [
      'build',
      'bundle',
      'dry-run',
      'try',
      'version',
    ]);
    assert.ok(needed('announce').has('publish'));
    const publishing = jobs.publish.steps.map(({ run = '' }) => run).filter(Boolean);
    assert.deepEqual(publishing, [
      'npm run release -- publish bundle --provenance',
      'npm run release -- verify bundle',
    ]);
    // What is published was built for this release: nothing of another run goes in.
    assert.deepEqual(jobs.build.with, { fresh: true });
    const called = workflows['build.yml'].jobs.build.steps;
    const caching = called.filter(({ uses = '' }) => /cache/.test(uses));
    assert.deepEqual(
      caching.map((step) => step.if),
      [`\${{ !inputs.fresh }}`],
    );
    const options = stepsOf(workflows['release.yml']).flatMap(({ uses = '', with: given = {} }) => [
      uses,
      ...Object.keys(given),
    ]);
    assert.deepEqual(
      options.filter((name) => /cache/.test(name)),
      [],
    );
    // Only the jobs before publishing run code of dependencies; they have no right to write anything.
    for (const [key, { permissions }] of Object.entries(jobs)) {
      const rights = Object.entries(permissions).filter(([, right]) => right === 'write');
      const expected = { publish: ['id-token'], announce: ['contents'] }[key] ?? [];
      assert.deepEqual(
        rights.map(([name]) => name),
        expected,
        key,
      );
    }
  });

  it('test every suite', () => {
    const suites = readFileSync(join(root, 'scripts/test.mjs'), 'utf8').match(/^ {2}(\w+): \{/gm);
    const tested = scriptsOf(workflows['ci.yml']).join(' ');
    for (const suite of suites.map((line) => line.trim().replace(': {', '')))
      assert.match(tested, new RegExp(`npm test -- .*\\b${suite}\\b`), suite);
  });
});
