import { parseArgs } from 'node:util';

import { scenarios } from './scenarios/all.mjs';
import { header, row } from './table.mjs';
import { WorkerProcess } from './worker-process.mjs';

const USAGE = `usage: node test/chaos/run.mjs [--short] [--only TEXT] [--mode MODE] [--jobs N] [--repeat N] [--list]`;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    mode: { type: 'string' },
    jobs: { type: 'string', default: '4' },
    repeat: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) console.log(USAGE);
else if (options.list) for (const { name, mode } of chosen()) console.log(`${name} [${mode}]`);
else await main();

async function main() {
  const started = performance.now();
  const queue = chosen();
  const total = { passed: 0, failed: 0 };
  const problems = [];
  console.log(header());
  const jobs = Math.min(Number(options.jobs), queue.length);
  await Promise.all(
    Array.from({ length: jobs }, () =>
      work(queue, (outcome) => {
        total[outcome.ok ? 'passed' : 'failed'] += 1;
        console.log(row(outcome));
        if (!outcome.ok) problems.push(outcome);
      }),
    ),
  );
  for (const { name, mode, problem } of problems) console.log(`\n${name} [${mode}]\n${problem}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const count = new Set(chosen().map(({ name }) => name)).size;
  console.log(`\n${count} scenarios in ${seconds} s`);
  console.log(`chaos: ${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
}

/** Every scenario in each of its modes, those that take long first. */
function chosen() {
  const all = scenarios
    .filter(({ short }) => short || !options.short)
    .filter(({ name }) => name.includes(options.only))
    .flatMap(({ name, modes, short, long = false }) =>
      (options.short ? [short].flat() : modes).map((mode) => ({ name, mode, long })),
    )
    .filter(({ mode }) => options.mode === undefined || mode === options.mode);
  const repeated = Array.from({ length: Number(options.repeat) }, () => all).flat();
  return repeated.sort((a, b) => Number(b.long) - Number(a.long));
}

/** One process after the other takes scenarios from the queue; the next one only where one has failed or died. */
async function work(queue, report) {
  let worker;
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    worker ??= new WorkerProcess();
    const outcome = await worker.run(task);
    report(outcome);
    if (!outcome.ok) {
      worker.end();
      worker = undefined;
    }
  }
  worker?.end();
}
