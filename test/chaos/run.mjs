import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { scenarios } from './scenarios/all.mjs';
import { header, row } from './table.mjs';

const USAGE = `usage: node test/chaos/run.mjs [--short] [--only TEXT] [--mode MODE] [--jobs N] [--repeat N] [--list]`;

/** How long one scenario may take altogether before its process counts as stuck. */
const STUCK_MS = 150_000;
const WORKER = join(import.meta.dirname, 'worker.mjs');

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
    worker ??= new Worker();
    const outcome = await worker.run(task);
    report(outcome);
    if (!outcome.ok) {
      worker.end();
      worker = undefined;
    }
  }
  worker?.end();
}

class Worker {
  #child;
  #output = '';
  #settle = () => {};
  #isReady;
  #end;

  constructor() {
    const args = ['--expose-gc', '--unhandled-rejections=strict', WORKER];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#output += text;
      });
    }
    this.#isReady = new Promise((resolve) => {
      this.#child.on('message', (message) => {
        message.isReady === undefined ? this.#settle(message) : resolve();
      });
      this.#child.on('close', (code, signal) => {
        resolve();
        this.#end = { problem: `the process ended with ${code ?? signal}\n${this.#output}` };
        this.#settle(this.#end);
      });
    });
  }

  async run({ name, mode }) {
    await this.#isReady;
    this.#output = '';
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), STUCK_MS);
    const outcome = await new Promise((resolve) => {
      this.#settle = resolve;
      if (this.#end === undefined) this.#child.send({ name, mode });
      else resolve(this.#end);
    });
    clearTimeout(stuck);
    // The client is silent: whatever arrives on the terminal is a fault of its own.
    if (outcome.ok && this.#output !== '') {
      return { ...outcome, ok: false, problem: `it printed:\n${this.#output}` };
    }
    return { ok: false, tookMs: 0, ...outcome, name, mode };
  }

  end() {
    this.#child.kill('SIGKILL');
  }
}
