/** How often each path answered, and how often flag state had changed since a plan was made. For tests. */
export const counters = { fast: 0, slow: 0, stale: 0 };

let forcedSlow = false;

/** For tests: makes every evaluation take the slow path, or none that does not have to. */
export function forcePath(path: 'slow' | undefined): void {
  forcedSlow = path === 'slow';
}

/** Whether every evaluation takes the slow path. */
export function isForcedSlow(): boolean {
  return forcedSlow;
}
