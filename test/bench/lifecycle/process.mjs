import { readdirSync, readFileSync } from 'node:fs';
import { residentMemory } from './client.mjs';

/** Resident memory in bytes after collecting garbage, threads and open descriptors of this process. */
export async function footprint() {
  return { bytes: await residentMemory(), threads: threads(), descriptors: descriptors() };
}

/** How many threads there are at this moment. */
export function threads() {
  return Number(/^Threads:\s+(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

/** The one that reading them takes is left out. */
function descriptors() {
  return readdirSync('/proc/self/fd').length - 1;
}

/** Watches the number of threads until the returned function is called, which returns the highest one. */
export function watchThreads() {
  let most = threads();
  const timer = setInterval(() => {
    most = Math.max(most, threads());
  }, 20);
  return () => {
    clearInterval(timer);
    return Math.max(most, threads());
  };
}
