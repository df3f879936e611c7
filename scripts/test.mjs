import { counts, countsText } from './steps/counts.mjs';
import { compileTests, requireCargo } from './steps/native.mjs';
import { prepare } from './steps/prepare.mjs';
import { run, runNode, StepError, verb } from './steps/process.mjs';
import { elapsed } from './steps/progress.mjs';

const engineTests = ['test', '-p', 'flipt-engine', '--locked'];

const suites = {
  engine: {
    count: counts.cargo,
    async start() {
      await compileTests(engineTests);
      return run('cargo', [...engineTests, '--quiet'], {
        env: await requireCargo(),
        output: 'tee',
      });
    },
  },
  conformance: { count: counts.own, start: () => node('test/conformance/run.mjs') },
  client: { count: counts.vitest, start: () => node('node_modules/vitest/vitest.mjs', 'run') },
  chaos: { count: counts.own, start: () => node('test/chaos/run.mjs', '--short') },
  types: { count: counts.own, start: () => node('test/types/run.mjs') },
  package: { count: counts.own, start: () => node('test/package/run.mjs') },
  release: { count: counts.own, start: () => node('test/release/run.mjs') },
  docs: { count: counts.own, start: () => node('test/docs/run.mjs') },
};

// npm test: every suite from a fresh clone on; npm test -- engine client: only these.
await verb(async (names) => {
  const unknown = names.filter((name) => !(name in suites));
  if (unknown.length > 0) {
    throw new StepError(
      `no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`,
    );
  }
  await prepare({ hooks: true });
  const results = [];
  for (const name of names.length > 0 ? names : Object.keys(suites)) {
    console.log(`\n=== ${name}`);
    results.push(await result(name, suites[name]));
  }
  return report(results);
});

async function result(name, { start, count }) {
  const started = performance.now();
  const { code, stdout, stderr } = await start();
  const counted = count(stdout + stderr);
  const isSound = code === 0 && counted.failed === 0 && counted.passed > 0;
  // A runner that dies, or that runs nothing, has failed even if it counted no failure.
  if (!isSound && counted.failed === 0) counted.failed = 1;
  return { name, ...counted, took: elapsed(performance.now() - started) };
}

function report(results) {
  const total = { passed: 0, failed: 0 };
  console.log('\n=== summary');
  for (const { name, passed, failed, took } of results) {
    total.passed += passed;
    total.failed += failed;
    const verdict = failed === 0 ? 'ok  ' : 'FAIL';
    console.log(
      `${verdict} ${name.padEnd(12)} ${countsText({ passed, failed }).padEnd(28)} ${took}`,
    );
  }
  console.log(`tests: ${countsText(total)}`);
  return total.failed === 0 ? 0 : 1;
}

function node(...args) {
  const colour = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {};
  return runNode(args, { env: colour, output: 'tee' });
}
