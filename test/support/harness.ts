// Starts servers and clients that end with the test.

import { onTestFinished } from 'vitest';
import { shop } from './flags.ts';
import { type ClientOptions, FliptClient, type Logger } from './sdk.ts';
import { type ServerOptions, startServer, type TestServer } from './server.mjs';

/** A server with the flags of the shop. */
export async function serve(options: ServerOptions = {}): Promise<TestServer> {
  const server = await startServer({ snapshot: shop(), ...options });
  onTestFinished(() => server.close());
  return server;
}

/** A client that asks the server when it is told to, and does not retry. */
export async function open(server: TestServer, options: ClientOptions = {}): Promise<FliptClient> {
  const client = await FliptClient.init(quiet(server, options));
  onTestFinished(() => client.close());
  return client;
}

/** Options for a client that asks only when it is told to, and does not retry. */
export function quiet(
  server: { readonly url: string },
  options: ClientOptions = {},
): ClientOptions {
  return { url: server.url, updateInterval: 0, retry: { maxRetries: 0 }, ...options };
}

/** A server and a client on it. */
export async function connected(options: ClientOptions = {}) {
  const server = await serve();
  return { server, client: await open(server, options) };
}

export interface Entry {
  level: keyof Logger;
  message: string;
}

/** Remembers what is logged, and can be waited for. */
export class Log implements Logger {
  readonly entries: Entry[] = [];
  #waiters: (() => void)[] = [];

  debug = (message: string) => this.#add('debug', message);
  info = (message: string) => this.#add('info', message);
  warn = (message: string) => this.#add('warn', message);
  error = (message: string) => this.#add('error', message);

  at(level: keyof Logger): string[] {
    return this.entries.filter((entry) => entry.level === level).map(({ message }) => message);
  }

  /** Resolves with the first message of a level that matches, logged already or later. */
  async waitFor(level: keyof Logger, pattern = /^/): Promise<string> {
    for (;;) {
      const found = this.at(level).find((message) => pattern.test(message));
      if (found !== undefined) {
        return found;
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  #add(level: keyof Logger, message: string): void {
    this.entries.push({ level, message });
    for (const resolve of this.#waiters.splice(0)) {
      resolve();
    }
  }
}

/** What a promise or a call fails with; a success is an error of the test. */
export async function failureOf(attempt: Promise<unknown> | (() => unknown)): Promise<unknown> {
  let value: unknown;
  try {
    value = await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error(`nothing failed; the result was ${JSON.stringify(value)}`);
}

/** Text of `getSnapshot()` from a client on its own server. */
export async function portable(snapshot: unknown, namespace = 'default'): Promise<string> {
  const server = await startServer({ snapshot, namespace });
  const client = await FliptClient.init(quiet(server, { namespace }));
  const text = client.getSnapshot();
  await client.close();
  await server.close();
  return text;
}
