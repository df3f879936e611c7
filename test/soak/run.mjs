import { parseArgs } from 'node:util';
import { Random } from '../conformance/live/random.mjs';
import { Adversary } from './adversary.mjs';
import { Soak } from './soak.mjs';

const USAGE = 'usage: node --expose-gc test/soak/run.mjs [--minutes N] [--seed S]';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    help: { type: 'boolean', default: false },
  },
});

// Ending by a signal must end the server too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

if (options.help) console.log(USAGE);
else await main();

async function main() {
  const durationMs = Number(options.minutes) * 60_000;
  if (!(durationMs > 0)) throw new RangeError('--minutes has to be a number above 0');
  console.log(`soak of ${options.minutes} min, seed ${options.seed}`);
  const soak = new Soak(new Adversary(new Random(`soak-${options.seed}`)));
  const problems = await soak.run(durationMs);
  for (const problem of problems) console.log(`FAIL ${problem}`);
  console.log(`soak: ${soak.checks - problems.length} passed, ${problems.length} failed`);
  process.exitCode = problems.length === 0 ? 0 : 1;
  process.exit();
}
