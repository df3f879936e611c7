import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WAYS } from '../conformance/ways.mjs';

const HANG_MS = 4 * 3_600_000;

const program = fileURLToPath(new URL('../conformance/run.mjs', import.meta.url));

/**
 * Asks every recorded case every way in the runtime, the ways shared among processes; resolves to
 * `{ passed, failed, output }`.
 */
export async function conformOnce({ runNode, path }, env) {
  const shares = shareOut(
    WAYS.map(({ name }) => name),
    Math.min(4, availableParallelism()),
  );
  const results = await Promise.all(
    shares.map((ways) =>
      runNode([path(program), '--recorded', '--ways', ways.join(',')], { env, timeoutMs: HANG_MS }),
    ),
  );
  const counted = results.map(countIn);
  return {
    passed: counted.reduce((sum, { passed }) => sum + passed, 0),
    failed: counted.reduce((sum, { failed }) => sum + failed, 0),
    output: results.map(({ stdout, stderr }) => `${stdout}${stderr}`.trimEnd()).join('\n'),
  };
}

/** One after the other to each: neighbours cost about the same. */
function shareOut(names, count) {
  const shares = Array.from({ length: count }, () => []);
  for (const [index, name] of names.entries()) shares[index % count].push(name);
  return shares;
}

/** What a process counted; one that dies before it counts has failed. */
function countIn({ code, stdout }) {
  const counted = stdout.trimEnd().match(/(\d+) passed, (\d+) failed$/);
  if (counted === null) return { passed: 0, failed: 1 };
  const failed = Number(counted[2]);
  return { passed: Number(counted[1]), failed: failed === 0 && code !== 0 ? 1 : failed };
}
