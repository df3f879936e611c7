import { report, withServer } from './lifecycle/children.mjs';
import { median } from './lifecycle/client.mjs';
import { flagsOfSize } from './workload.mjs';

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
