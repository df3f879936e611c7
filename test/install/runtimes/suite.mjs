import { delimiter, dirname } from 'node:path';
import { counts, countsText } from '../../../scripts/steps/counts.mjs';
import { hooksBinary } from '../../../scripts/steps/native.mjs';
import { run, StepError, verb } from '../../../scripts/steps/process.mjs';
import { elapsed } from '../../../scripts/steps/progress.mjs';
import { majors, node } from './programs.mjs';

const suites = [
  {
    name: 'client',
    script: ['node_modules/vitest/vitest.mjs', 'run'],
    count: counts.vitest,
    env: hooksBinary(),
  },
  { name: 'conformance', script: ['test/conformance/run.mjs'], count: counts.own },
];

// npm run test:runtimes -- [major…]: the whole JavaScript suite on each Node, one after the other.
await verb(async (wanted) => {
  const unknown = wanted.filter((major) => !majors.includes(major));
  if (unknown.length > 0)
    throw new StepError(`no Node ${unknown.join(', ')}; there are ${majors.join(', ')}`);
  const results = [];
  for (const major of wanted.length > 0 ? wanted : majors)
    for (const suite of suites) results.push(await result(node(major), suite));
  return report(results);
});

async function result({ name, command }, suite) {
  console.log(`\n=== ${name}: ${suite.name}`);
  const started = performance.now();
  // What the tests start by the name of node has to be this one, too.
  const PATH = [dirname(command), process.env.PATH].join(delimiter);
  const { code, stdout, stderr } = await run(command, suite.script, {
    env: { ...suite.env, PATH, NODE_OPTIONS: '' },
    output: 'tee',
  });
  const counted = suite.count(stdout + stderr);
  // A runner that dies has failed even if it counted no failure.
  if ((code !== 0 || counted.passed === 0) && counted.failed === 0) counted.failed = 1;
  const took = elapsed(performance.now() - started);
  return { name: `${name}, ${suite.name}`, took, ...counted };
}

function report(results) {
  const total = { passed: 0, failed: 0 };
  console.log('\n=== runtimes');
  for (const { name, took, ...counted } of results) {
    total.passed += counted.passed;
    total.failed += counted.failed;
    const verdict = counted.failed === 0 ? 'ok  ' : 'FAIL';
    console.log(`${verdict} ${name.padEnd(24)} ${countsText(counted).padEnd(28)} ${took}`);
  }
  console.log(`runtimes: ${countsText(total)}`);
  return total.failed === 0 ? 0 : 1;
}
