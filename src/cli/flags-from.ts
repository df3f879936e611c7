import { readFileSync } from 'node:fs';
import { FliptClient } from '../client.js';
import { optionsFromEnvironment } from '../environment.js';
import { validateFeatures } from '../features.js';
import type { Logger } from '../logger.js';
import type { ClientOptions } from '../options.js';
import type { Output } from './output.js';
import { namespaceOf } from './portable.js';
import { misused, unusableFile } from './refusal.js';
import type { Call, Given, Options } from './verb.js';

const TIMEOUT_SECONDS = 10;
const DEFAULT_NAMESPACE = 'default';

/** Where flags come from: the options of every verb that asks any. */
export const FLAGS_FROM: Options = {
  namespace: { type: 'string', short: 'n', argument: '<key>', help: 'the namespace' },
  environment: { type: 'string', argument: '<key>', help: 'the environment (Flipt v2)' },
  url: { type: 'string', argument: '<url>', help: 'the server' },
  token: { type: 'string', argument: '<token>', help: 'a client token for the server' },
  source: { type: 'string', argument: '<path>', help: 'in place of a server: feature files' },
  snapshot: {
    type: 'string',
    argument: '<file>',
    help: 'in place of a server: what snapshot write wrote, or what a server answers',
  },
  timeout: {
    type: 'string',
    argument: '<seconds>',
    help: `how long to wait for flags; default ${TIMEOUT_SECONDS}`,
  },
};

/** A client on the flags that the command line names, loaded. `more` is laid over its options. */
export async function openFlags(call: Call, more: ClientOptions = {}): Promise<FliptClient> {
  const warnings = new Warnings(call.output);
  const options = { logger: warnings, ...optionsOf(call), ...more };
  const loading = call.output.during(waitingFor(call.given, options), FliptClient.init(options));
  const client = await loading;
  warnings.release();
  return client;
}

/** Warnings of a client. Those of a load that fails are left out: its error says the same. */
class Warnings implements Logger {
  readonly #output: Output;
  #held: string[] | undefined = [];

  constructor(output: Output) {
    this.#output = output;
  }

  debug(): void {}

  info(): void {}

  warn(message: string): void {
    if (this.#held === undefined) {
      this.#output.warning(message);
    } else {
      this.#held.push(message);
    }
  }

  error(message: string): void {
    this.warn(message);
  }

  /** From now on warnings are printed as they come, and those that wait are. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) {
      this.warn(message);
    }
  }
}

/** A client on the flags of a snapshot file. */
export function openSnapshot(path: string, namespace?: string): Promise<FliptClient> {
  return FliptClient.init(ofSnapshot(path, namespace));
}

function optionsOf({ given, environment }: Call): ClientOptions {
  const places = ['url', 'source', 'snapshot'].filter((name) => given.text(name) !== undefined);
  if (places.length > 1) {
    throw misused(`--${places[0]} and --${places[1]} exclude each other; give one of them`);
  }
  const namespace = given.text('namespace');
  const snapshot = given.text('snapshot');
  if (snapshot !== undefined) {
    return ofSnapshot(snapshot, namespace);
  }
  const source = given.text('source');
  const shared = ofEnvironment(given, environment);
  const initTimeoutMs = timeoutMs(given);
  if (source !== undefined) {
    const key = namespaceIn(source, namespace ?? shared.namespace);
    return { initTimeoutMs, source: { path: source, watch: false }, ...present('namespace', key) };
  }
  const token = given.text('token');
  return {
    ...shared,
    ...present('namespace', namespace),
    ...present('environment', given.text('environment')),
    ...present('url', given.text('url')),
    ...(token === undefined ? {} : { authentication: { clientToken: token } }),
    updateInterval: 0,
    retry: { maxRetries: 0 },
    initTimeoutMs,
    requestTimeout: initTimeoutMs / 1000,
    connectTimeoutMs: Math.min(5000, initTimeoutMs),
  };
}

/** The namespace of feature files that is wanted. Files of a single one leave no doubt which that is. */
function namespaceIn(path: string, wanted: string | undefined): string | undefined {
  const { namespaces, problems } = validateFeatures(path);
  const keys = namespaces.map(({ key }) => key);
  const [first, ...more] = keys;
  // What is wrong with the files is told when they are loaded.
  if (first === undefined || problems.length > 0 || keys.includes(wanted ?? DEFAULT_NAMESPACE)) {
    return wanted;
  }
  if (wanted === undefined && more.length === 0) {
    return first;
  }
  throw misused(
    `the files have no namespace ${wanted ?? DEFAULT_NAMESPACE}; name one with --namespace: ${keys.join(', ')}`,
  );
}

/** A token on the command line replaces those of the environment, even ones that exclude each other. */
function ofEnvironment(given: Given, environment: Call['environment']): ClientOptions {
  const { FLIPT_CLIENT_TOKEN, FLIPT_JWT_TOKEN, ...rest } = environment;
  return optionsFromEnvironment(given.text('token') === undefined ? environment : rest);
}

/** The namespace of a snapshot is the wanted one, unless another is asked for. */
function ofSnapshot(path: string, namespace: string | undefined): ClientOptions {
  const text = readText(path);
  return {
    offline: true,
    bootstrap: text,
    ...present('namespace', namespace ?? namespaceOf(text)),
  };
}

/** The text of a file; `-` is what is piped in. */
export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    throw unusableFile('read', path, cause);
  }
}

function timeoutMs(given: Given): number {
  const text = given.text('timeout') ?? String(TIMEOUT_SECONDS);
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw misused('--timeout is no number of seconds above 0 and up to 86400');
  }
  return Math.ceil(seconds * 1000);
}

function present<Name extends string>(
  name: Name,
  value: string | undefined,
): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}

function waitingFor(given: Given, { url = 'http://localhost:8080' }: ClientOptions): string {
  const file = given.text('source') ?? given.text('snapshot');
  return `loading flags from ${file ?? hostOf(url)}`;
}

/** What of a URL may be shown. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the server';
}
