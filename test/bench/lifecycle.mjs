import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, withServer } from './lifecycle/children.mjs';
import { median } from './lifecycle/client.mjs';
import { minimumAndMedian } from './rounds.mjs';
import { flags, flagsOfSize, fliptBody } from './workload.mjs';

const MEGABYTE = 1e6;

/** Milliseconds that the event loop is held up by a 10 MB refresh, idle and busy. */
export const loopDelay = (peer) =>
  withServer(10 * MEGABYTE, ({ url }) => report('loop-delay.mjs', [peer, url]));

/** The same while a stream brings 10 MB in one line. */
export const streamDelay = () => report('stream-delay.mjs', [flagsOfSize(10 * MEGABYTE)]);

/** Milliseconds until a change of a stream of 1,000 flags is seen, over so many changes. */
export const visibility = (changes) => report('visibility.mjs', [1000, changes]);

/** What `few` and what `many` clients in one process take, and how soon a change reaches them all. */
export const fleet = (peer, mode, { tls, few, many }) =>
  report('fleet.mjs', [peer, mode, tls, few, many], ['--expose-gc']);

/** What a process takes over so many forced reconnects: medians of the middle and the last third. */
export const reconnects = (times, tls) => report('reconnects.mjs', [tls, times], ['--expose-gc']);

/** Bytes of memory a loaded snapshot takes, as a multiple of its JSON. */
export const snapshotMemory = (peer) =>
  withServer(10 * MEGABYTE, async ({ url, bytes }) => {
    const samples = [];
    for (let run = 0; run < 3; run++) {
      samples.push((await report('memory.mjs', [peer, url], ['--expose-gc'])).bytes / bytes);
    }
    return median(samples);
  });

/** Memory over so many init/close of a 1.6 MB snapshot: medians of the thirds. */
export const churn = (peer, times) =>
  withServer(1.6 * MEGABYTE, ({ url }) => report('churn.mjs', [peer, url, times], ['--expose-gc']));

/** Milliseconds of `require` and of `init` from a snapshot of 1,000 flags, each in a fresh process. */
export async function startup(runs = 15) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-bench-'));
  try {
    const file = join(folder, 'snapshot');
    writeFileSync(file, await portableSnapshot());
    const samples = [];
    for (let run = 0; run < runs; run++) samples.push(await report('startup.mjs', [file]));
    return {
      require: minimumAndMedian(samples.map((sample) => sample.require)),
      init: minimumAndMedian(samples.map((sample) => sample.init)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Portable text as the published client writes it. */
async function portableSnapshot() {
  const { FliptClient } = await import('@flipt-io/flipt-client-js');
  const body = JSON.stringify(fliptBody(flags(1000, 'boolean')));
  const fetcher = async () =>
    new Response(body, { headers: { 'content-type': 'application/json' } });
  const client = await FliptClient.init({ namespace: 'bench', updateInterval: 0, fetcher });
  const text = client.getSnapshot();
  await client.close?.();
  return text;
}
