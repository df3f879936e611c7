const GUARD_MS = 60_000;

/** Counts what holds, prints each with the time it took, and goes on after what does not. */
export class Checks {
  passed = 0;
  failed = 0;

  /** `work` may return a text that is printed beside the name. */
  async check(name, work) {
    const started = performance.now();
    let said;
    let problem;
    try {
      said = await work();
      this.passed += 1;
    } catch (error) {
      this.failed += 1;
      problem = error;
    }
    const took = `${Math.round(performance.now() - started)} ms`;
    const note = typeof said === 'string' ? `  ${said}` : '';
    console.log(`${problem ? 'FAIL' : 'ok  '} ${name.padEnd(64)} ${took.padStart(9)}${note}`);
    if (problem) console.log(problem.stack);
  }
}

/** Resolves once `reached` is true; asked again after every event of the client. Returns the milliseconds it took. */
export async function until(client, what, reached) {
  const started = performance.now();
  const over = new AbortController();
  await new Promise((resolve, reject) => {
    const look = () => {
      if (reached()) resolve();
    };
    for (const name of ['ready', 'change', 'status', 'stale', 'recovered', 'error']) {
      client.on(name, look, { signal: over.signal });
    }
    const guard = setTimeout(() => {
      reject(new Error(`${what} did not happen: ${JSON.stringify(client.status)}`));
    }, GUARD_MS);
    over.signal.addEventListener('abort', () => clearTimeout(guard));
    look();
  }).finally(() => over.abort());
  return performance.now() - started;
}

export function must(holds, message) {
  if (!holds) throw new Error(message);
}

export const ms = (milliseconds) => `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
