// Runs the command line as users do, in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Finished, runNode } from './child.ts';
import { built } from './sdk.ts';

/** Variables that would reach the program from the machine of the test. */
const CLEAN = {
  FLIPT_URL: undefined,
  FLIPT_ENVIRONMENT: undefined,
  FLIPT_NAMESPACE: undefined,
  FLIPT_REFERENCE: undefined,
  FLIPT_CLIENT_TOKEN: undefined,
  FLIPT_JWT_TOKEN: undefined,
  HTTP_PROXY: undefined,
  http_proxy: undefined,
  NO_COLOR: undefined,
  FORCE_COLOR: undefined,
};

export type Environment = Record<string, string | undefined>;

/** Runs a command line to its end. */
export function run(args: string[], env: Environment = {}): Promise<Finished> {
  return runNode([built('cli.js'), ...args], { env: { ...CLEAN, ...env } });
}

/** Runs a command line that writes JSON, and reads it. */
export async function runJson(args: string[], env: Environment = {}): Promise<unknown> {
  const { stdout, stderr } = await run([...args, '--json'], env);
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`no JSON: ${stdout}\n${stderr}`);
  }
}

/** A command line that goes on until it is told to end. */
export class Running {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #text = '';
  #waiting: (() => void)[] = [];

  constructor(args: string[], env: Environment = {}) {
    this.#child = spawn(process.execPath, [built('cli.js'), ...args], {
      env: { ...process.env, NODE_OPTIONS: '', ...CLEAN, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const wake = (): void => {
      for (const resolve of this.#waiting.splice(0)) {
        resolve();
      }
    };
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text;
        wake();
      });
    }
    this.#ended = new Promise((resolve) => this.#child.on('close', resolve));
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  /** Resolves with what was written as soon as it matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      const more = new Promise<void>((resolve) => this.#waiting.push(resolve));
      const ended = this.#ended.then((code) => {
        if (!pattern.test(this.#text)) {
          throw new Error(`ended with ${code}:\n${this.#text}`);
        }
      });
      await Promise.race([more, ended]);
    }
    return this.#text;
  }

  /** Interrupts it as Ctrl+C does, and resolves with the code that it ends with. */
  async interrupt(): Promise<number | null> {
    this.#child.kill('SIGINT');
    return this.#ended;
  }
}

/** A folder for the files of one test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'flipt-native-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes a file into a folder and returns its path. */
export function file(into: string, name: string, text: string): string {
  const path = join(into, name);
  writeFileSync(path, text);
  return path;
}

/** The flag state of the shop that the demonstration shows. */
export function shopRecording(name = 'shop'): { flags: object[]; digest: string } {
  const path = join(import.meta.dirname, `../conformance/demo/${name}.snapshot.json`);
  return JSON.parse(readFileSync(path, 'utf8'));
}
