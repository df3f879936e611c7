import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { countsText } from '../../scripts/steps/counts.mjs';
import { elapsed } from '../../scripts/steps/progress.mjs';
import { WAYS } from '../conformance/ways.mjs';

/** For one way: minutes where processors are emulated, hours where they are busy as well. */
const HANG_MS = 4 * 3_600_000;

const program = fileURLToPath(new URL('../conformance/run.mjs', import.meta.url));

/**
 * Asks every recorded case every way in the runtime, a process for each way, as many at once as there are processors;
 * says of each way when it is through. Resolves to `{ passed, failed, output }`.
 */
export async function conformOnce({ runNode, path }, env) {
  const left = WAYS.map(({ name }) => name);
  const results = [];
  const lane = async () => {
    for (let way = left.shift(); way !== undefined; way = left.shift()) {
      const started = performance.now();
      const args = [path(program), '--recorded', '--ways', way];
      const result = await runNode(args, { env, timeoutMs: HANG_MS });
      const took = elapsed(performance.now() - started);
      console.log(`${way}: ${countsText(countIn(result))} in ${took}`);
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  const counted = results.map(countIn);
  return {
    passed: counted.reduce((sum, { passed }) => sum + passed, 0),
    failed: counted.reduce((sum, { failed }) => sum + failed, 0),
    output: results.map(({ stdout, stderr }) => `${stdout}${stderr}`.trimEnd()).join('\n'),
  };
}

/** What a process counted; one that dies before it counts has failed. */
function countIn({ code, stdout }) {
  const counted = stdout.trimEnd().match(/(\d+) passed, (\d+) failed$/);
  if (counted === null) return { passed: 0, failed: 1 };
  const failed = Number(counted[2]);
  return { passed: Number(counted[1]), failed: failed === 0 && code !== 0 ? 1 : failed };
}
