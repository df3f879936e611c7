import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countsText } from '../../../scripts/steps/counts.mjs';
import { verb } from '../../../scripts/steps/process.mjs';
import { elapsed, withProgress } from '../../../scripts/steps/progress.mjs';
import { acts } from './acts.mjs';
import { openStage } from './stage.mjs';

// npm run release:rehearse: a release from its change to its installation, in a copy of the checkout, against a registry
// on loopback. The acts build on each other: after one that fails, none is played.
await verb(async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-rehearsal-')));
  const stage = await openStage(folder);
  const total = { passed: 0, failed: 0 };
  try {
    for (const [name, act] of acts) {
      if (total.failed > 0) {
        console.log(`FAIL ${name} (not played)`);
        total.failed += 1;
        continue;
      }
      const started = performance.now();
      const problem = await withProgress(name, () => act(stage)).then(
        () => undefined,
        (error) => error,
      );
      total[problem === undefined ? 'passed' : 'failed'] += 1;
      const verdict = problem === undefined ? 'ok  ' : 'FAIL';
      console.log(`${verdict} ${name} (${elapsed(performance.now() - started)})`);
      if (problem !== undefined) console.log(problem.stack);
    }
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`rehearsal: ${countsText(total)}`);
  return total.failed === 0 ? 0 : 1;
});
