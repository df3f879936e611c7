import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The built package. */
export const path = join(import.meta.dirname, '../../dist');

const HANG_MS = 60_000;

/**
 * Runs a script in a Node process of its own, as a user would write it. `open(options)` makes a client as the scenario
 * asks for, `say(text)` writes a line that the parent sees.
 */
export function childWith(rig, source) {
  const { logger: _logger, fetcher, signal: _signal, ...options } = rig.options();
  const script = `
    const { FliptClient } = require(${JSON.stringify(path)});
    const given = ${JSON.stringify(options)};
    const fetcher = ({ etag, signal }) => fetch(
      given.url + '/internal/v1/evaluation/snapshot/namespace/default',
      { headers: etag === undefined ? {} : { 'if-none-match': etag }, signal },
    );
    if (${fetcher !== undefined}) given.fetcher = fetcher;
    const open = (more) => FliptClient.init({ ...given, ...more });
    const say = (text) => console.log(text);
    (async () => { ${source} })();`;
  return new Child(script);
}

class Child {
  lines = [];
  output = '';
  #process;
  #waiters = new Set();
  #rest = '';

  constructor(script) {
    const args = ['--unhandled-rejections=strict', '-e', script];
    this.#process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const guard = setTimeout(() => this.#process.kill('SIGKILL'), HANG_MS);
    this.exit = new Promise((resolve) => {
      this.#process.once('close', (code, signal) => {
        clearTimeout(guard);
        resolve(code ?? signal);
        for (const waiter of this.#waiters) waiter(true);
      });
    });
    this.#process.stdout.setEncoding('utf8').on('data', (text) => this.#read(text));
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.output += text;
    });
  }

  /** Resolves with the first line that matches, written already or later. */
  line(matches) {
    return new Promise((resolve, reject) => {
      const look = (isOver) => {
        const found = this.lines.find(matches);
        if (found === undefined && !isOver) return;
        this.#waiters.delete(look);
        if (found === undefined) reject(new Error(`the script ended: ${this.output}`));
        else resolve(found);
      };
      this.#waiters.add(look);
      look(false);
    });
  }

  signal(name) {
    this.#process.kill(name);
  }

  async end() {
    this.#process.kill('SIGKILL');
    await this.exit;
  }

  #read(text) {
    this.output += text;
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop();
    this.lines.push(...parts);
    for (const waiter of [...this.#waiters]) waiter(false);
  }
}
