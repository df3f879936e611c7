// Runs scripts that count what is alive.

import { join } from 'node:path';
import { hostTarget } from '../../npm/targets.mjs';
import { answerOf, runScript } from './child.ts';

/** The addon with what only tests may do: counting and panicking. */
export const hooks = join(
  import.meta.dirname,
  '../../npm',
  hostTarget().suffix,
  'flipt_native.hooks.node',
);

/** What is counted where nothing is alive any more. */
export const NOTHING = { clients: 0, snapshots: 0, evaluators: 0 };

/** For `until` in a script: whether nothing is alive any more. */
export const isNothing = '(c) => c.clients + c.snapshots + c.evaluators === 0';

/** Runs a script with the counters of what is alive; `until(check)` collects garbage until it holds. */
export async function counted(source: string, url: string): Promise<unknown> {
  const finished = await runScript(
    `const { liveCounts } = require(process.env.FLIPT_NATIVE_BINARY);
     const collect = async () => {
       gc();
       await new Promise((resolve) => setTimeout(resolve, 10));
     };
     const until = async (check) => {
       for (let i = 0; i < 1500 && !check(liveCounts()); i++) await collect();
       return liveCounts();
     };
     const use = (client) => client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;
     (async () => { ${source} })();`,
    url,
    { flags: ['--expose-gc'], env: { FLIPT_NATIVE_BINARY: hooks } },
  );
  return answerOf(finished);
}
