import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from './client.mjs';

const ROUNDS = 9;
/** For what comes after the work and because of it. */
const AFTER_MILLIS = 20;

/**
 * Does `work` several times, and as often nothing for as long; medians, in milliseconds, of how long the event loop was
 * held up: `busy` and `idle` by a loop that never rests, `monitored` with and without work by Node's own monitor.
 */
export async function delays(work) {
  const busy = [];
  const idle = [];
  const took = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    busy.push(
      await heldUp(async () => {
        await work();
        took.push(performance.now() - began);
      }),
    );
    idle.push(await heldUp(() => pause(took.at(-1))));
  }
  const middle = (samples, what) => median(samples.map((sample) => sample[what]));
  return {
    busy: middle(busy, 'turn'),
    idle: middle(idle, 'turn'),
    monitored: { busy: middle(busy, 'monitored'), idle: middle(idle, 'monitored') },
    took: median(took),
  };
}

/** The longest time between two turns while `work` goes on. */
async function heldUp(work) {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  let last = performance.now();
  let longest = 0;
  let going = true;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  await pause(AFTER_MILLIS);
  going = false;
  monitor.disable();
  return { turn: longest, monitored: monitor.max / 1e6 };
}
