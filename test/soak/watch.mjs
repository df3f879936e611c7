// What a soak watches of its own process, and how the figures are judged.

import { readdirSync } from 'node:fs';

/** `{ rssMb, descriptors, threads }` after a collection of garbage; 0 where the system does not tell. */
export function sample() {
  globalThis.gc();
  return {
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    descriptors: count('/proc/self/fd'),
    threads: count('/proc/self/task'),
  };
}

/** Fails what grows from the middle third to the last one, one text each. */
export function growth(samples) {
  const third = Math.floor(samples.length / 3);
  const middle = samples.slice(third, 2 * third);
  const last = samples.slice(-third);
  const [before, after] = [middle, last].map((part) => median(part.map(({ rssMb }) => rssMb)));
  const problems = [];
  if (after > before * 1.05 + 2) {
    problems.push(`memory grew from ${before.toFixed(1)} to ${after.toFixed(1)} MB`);
  }
  for (const name of ['descriptors', 'threads']) {
    const [least, most] = [middle, last].map((part) => median(part.map((one) => one[name])));
    if (most > least + SLACK[name]) problems.push(`${name} grew from ${least} to ${most}`);
  }
  return { problems, before, after };
}

/** A connection that is being replaced, and a blocking thread that has not retired yet. */
const SLACK = { descriptors: 4, threads: 2 };

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function count(folder) {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}
