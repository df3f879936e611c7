/** Milliseconds on the system's monotonic clock, which is the same one in all processes. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
