const everyMs = 5000;

/** `1 min 05 s`, `12.3 s` or `0.4 s`. */
export function elapsed(ms) {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
}

/**
 * Shows that something long is under way: one line that is rewritten on a terminal, a line every few seconds elsewhere.
 * `detail()` adds what is known at that moment.
 */
export async function withProgress(label, work, detail = () => '') {
  const started = performance.now();
  const terminal = process.stderr.isTTY === true;
  const say = (text) => process.stderr.write(terminal ? `\r\u001b[K${text}` : `${text}\n`);
  const line = () =>
    [label, elapsed(performance.now() - started), detail()].filter(Boolean).join('  ');
  say(`${label} ...`);
  const timer = setInterval(() => say(line()), terminal ? 200 : everyMs);
  try {
    const result = await work();
    say(`${label}: done in ${elapsed(performance.now() - started)}`);
    return result;
  } catch (error) {
    say(`${label}: failed after ${elapsed(performance.now() - started)}`);
    throw error;
  } finally {
    clearInterval(timer);
    if (terminal) process.stderr.write('\n');
  }
}
