// What a client produces in which no credential may show, and the credentials.

import { inspect } from 'node:util';
import { expect } from 'vitest';
import { createAuthority } from '../support/certificates.mjs';
import { failureOf, type Log } from '../support/harness.ts';
import { type ClientOptions, FliptClient } from '../support/sdk.ts';
import type { Behaviour, Exchange } from '../support/server.mjs';

const jwt = (name: string, seconds: number) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return `${part({ alg: 'none' })}.${part({ sub: name, exp })}.signature-of-${name}`;
};

const clients = createAuthority('clients');

/** What a client shows, and the authority that a server knows it by. */
export const clientCertificate = { ...clients.issue({ usage: 'client' }), authority: clients.cert };

/** What must appear nowhere. A stage may add its own. */
export const secrets: Record<string, string> = {
  'client token': 'client-token-0f4e1c',
  'second client token': 'client-token-77ab02',
  'refused token': 'refused-token-5d11c9',
  'token of a function': 'function-token-e90b34',
  'token of a pod': 'pod-token-c2d8f7',
  'exchanged token': 'exchanged-token-19aa60',
  'JSON web token': jwt('short-lived', 3_600),
  'renewed JSON web token': jwt('long-lived', 36_000),
  'words of a function': 'words-of-a-function-b3f2',
  'token of a stream': 'token-of-a-stream-4b19d0',
  'word of a URL': 'word-of-a-url-83d0aa',
  'word of a proxy': 'word-of-a-proxy-6cc1e5',
  'word of a body': 'word-of-a-body-fe7712',
  'key of a client': clientCertificate.key,
};

export const secret = (name: string): string => secrets[name] as string;

/** Everything that was produced, as text, with where it came from. */
export class Produced {
  readonly texts: [where: string, text: string][] = [];

  /** A value in every form in which it may reach a log. */
  value(where: string, value: unknown): void {
    this.texts.push([where, String(value)], [where, JSON.stringify(value) ?? '']);
    this.texts.push([where, inspect(value, { depth: 20, showHidden: true, getters: true })]);
  }

  /** An error; `thrown` is what a callback of the user threw, which the caller gets back as it was. */
  error(where: string, error: unknown, thrown?: unknown): void {
    expect(error, where).toBeInstanceOf(Error);
    const { message, stack } = error as Error;
    this.texts.push([where, message], [where, stack ?? ''], [where, JSON.stringify(error)]);
    if (thrown !== undefined) {
      expect((error as Error).cause, where).toBe(thrown);
      delete (error as { cause?: unknown }).cause;
    }
    this.value(where, error);
  }

  /** What a client says about itself, now and later. */
  client(where: string, client: FliptClient): void {
    this.value(`${where}, client`, client);
    const { status, on } = client as {
      status?: unknown;
      on?: (event: string, listener: (event: unknown) => void) => void;
    };
    this.value(`${where}, status`, status);
    for (const event of ['ready', 'change', 'status', 'stale', 'recovered', 'error', 'closed']) {
      on?.call(client, event, (payload) => this.value(`${where}, ${event}`, payload));
    }
  }

  snapshot(where: string, client: FliptClient): void {
    const text = client.getSnapshot();
    this.texts.push([where, text], [where, Buffer.from(text, 'base64').toString()]);
  }
}

/** One stretch of a client's life; `options` log into what is scanned. */
export type Stage = (produced: Produced, logger: Log) => Promise<void>;

export const refusingAllBut =
  (...credentials: string[]): Behaviour =>
  (exchange: Exchange) =>
    credentials.includes(exchange.request.headers.authorization ?? 'none')
      ? 'serve'
      : { name: 'status', status: 401 };

/** A client that logs, ends with the test and is scanned at its end. */
export async function live(
  where: string,
  produced: Produced,
  options: ClientOptions,
  life: (client: FliptClient) => Promise<unknown>,
): Promise<void> {
  const client = await FliptClient.init(options);
  produced.client(where, client);
  await life(client);
  produced.client(`${where}, before its end`, client);
  await client.close();
  produced.client(`${where}, closed`, client);
  produced.error(`${where}, after close`, await failureOf(client.refresh()));
}

/** The forms in which a secret may hide. */
export function formsOf(text: string): string[] {
  if (text.includes('PRIVATE KEY')) {
    return text.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));
  }
  const [, payload, signature] = text.split('.');
  const base64 = (form: string) => Buffer.from(form).toString('base64');
  // Proxies are told user and password together.
  const encoded = [base64(text), base64(`ann:${text}`), encodeURIComponent(text)];
  return [text, ...encoded, ...(payload && signature ? [payload, signature] : [])];
}

export function raise(thrown: unknown): never {
  throw thrown;
}
