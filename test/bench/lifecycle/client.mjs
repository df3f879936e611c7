import { createRequire } from 'node:module';

/** The class under test by the name of its package. */
export async function clientClass(name) {
  if (name === 'flipt-client-js') return (await import('@flipt-io/flipt-client-js')).FliptClient;
  return createRequire(import.meta.url)('../../../dist/index.js').FliptClient;
}

/** Resident memory after collecting garbage, in bytes. */
export async function residentMemory() {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage.rss();
}

/** The middle of numbers. */
export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
