import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { hostTarget } from '../../npm/targets.mjs';

/** How long one scenario may take altogether before its process counts as stuck. */
const STUCK_MS = 150_000;
const WORKER = join(import.meta.dirname, 'worker.mjs');
/** The addon that counts what is alive. */
const HOOKS = join('npm', hostTarget().suffix, 'flipt_native.hooks.node');
const FLIPT_NATIVE_BINARY = join(import.meta.dirname, '../..', HOOKS);

/** A process that runs scenarios. */
export class WorkerProcess {
  #child;
  #output = '';
  #settle = () => {};
  #isReady;
  #end;

  constructor() {
    const args = ['--expose-gc', '--unhandled-rejections=strict', WORKER];
    this.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, FLIPT_NATIVE_BINARY },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.#output += text;
      });
    }
    this.#isReady = new Promise((resolve) => {
      this.#child.on('message', (message) => {
        message.isReady === undefined ? this.#settle(message) : resolve();
      });
      this.#child.on('close', (code, signal) => {
        resolve();
        this.#end = { problem: `the process ended with ${code ?? signal}\n${this.#output}` };
        this.#settle(this.#end);
      });
    });
  }

  async run({ name, mode }) {
    await this.#isReady;
    this.#output = '';
    const stuck = setTimeout(() => this.#child.kill('SIGKILL'), STUCK_MS);
    const outcome = await new Promise((resolve) => {
      this.#settle = resolve;
      if (this.#end === undefined) this.#child.send({ name, mode });
      else resolve(this.#end);
    });
    clearTimeout(stuck);
    // The client is silent: whatever arrives on the terminal is a fault of its own.
    if (outcome.ok && this.#output !== '') {
      return { ...outcome, ok: false, problem: `it printed:\n${this.#output}` };
    }
    return { ok: false, tookMs: 0, ...outcome, name, mode };
  }

  end() {
    this.#child.kill('SIGKILL');
  }
}
