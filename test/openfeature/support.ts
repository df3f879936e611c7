// The provider under the SDK itself, with a namespace that expresses the flags of OpenFeature's own scenarios.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Client,
  type EvaluationContext,
  type EvaluationDetails,
  type EventDetails,
  type JsonValue,
  OpenFeature,
  ProviderEvents,
} from '@openfeature/server-sdk';
import { onTestFinished } from 'vitest';
import { quiet } from '../support/harness.ts';
import { type ClientOptions, entryPoint } from '../support/sdk.ts';
import { type ServerOptions, startServer, type TestServer } from '../support/server.mjs';

const openfeature = entryPoint<typeof import('../../src/openfeature/index.ts')>('openfeature.js');

export const { FliptProvider } = openfeature;
export type FliptProvider = InstanceType<typeof FliptProvider>;

export const NAMESPACE = 'openfeature';
export const FLAG_SET = `default/${NAMESPACE}`;

interface Flag {
  key: string;
  defaultVariant?: { id: string; key: string; attachment: string };
  [field: string]: unknown;
}

/** The namespace, with other flags in the place of those of the same key; another revision is another state. */
export function flagState(revision = 1, changed: Flag[] = []) {
  const text = readFileSync(join(import.meta.dirname, 'namespace.json'), 'utf8');
  const state = JSON.parse(text) as { namespace: object; flags: Flag[]; digest: string };
  const flags = state.flags.map((flag) => changed.find(({ key }) => key === flag.key) ?? flag);
  return { ...state, flags, digest: revision.toString(16).padStart(40, '0') };
}

/** The digest of the first revision. */
export const DIGEST = flagState().digest;

/** The flag `changing-flag` with another variant. */
export function changingFlag(key: string): Flag {
  const flag = flagState().flags.find((one) => one.key === 'changing-flag') as Flag;
  return { ...flag, defaultVariant: { id: key, key, attachment: 'null' } };
}

const nothing = () => {};
/** Failing starts are what many tests are about; the SDK would print each. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A server with the namespace; the SDK is as new when the test has ended. */
export async function serveFlags(options: ServerOptions = {}): Promise<TestServer> {
  OpenFeature.setLogger(silent);
  const server = await startServer({ snapshot: flagState(), namespace: NAMESPACE, ...options });
  onTestFinished(async () => {
    OpenFeature.clearHandlers();
    OpenFeature.clearHooks();
    OpenFeature.setContext({});
    await OpenFeature.clearProviders();
    await server.close();
  });
  return server;
}

/** Options of a client that asks only when it is told to. */
export function onServer(server: { url: string }, options: ClientOptions = {}): ClientOptions {
  return quiet(server, { namespace: NAMESPACE, ...options });
}

/** A provider that is set and ready, and a client of the SDK for it. */
export async function stable(options: ClientOptions = {}, server?: TestServer) {
  const serving = server ?? (await serveFlags());
  const provider = new FliptProvider(onServer(serving, options));
  await OpenFeature.setProviderAndWait(provider);
  return { server: serving, provider, flags: OpenFeature.getClient() };
}

export type TypeName = 'boolean' | 'string' | 'number' | 'object';

/** Evaluates with details, by the name of the wanted type. */
export function detailsOf(
  flags: Client,
  type: TypeName,
  key: string,
  defaultValue: JsonValue,
  context?: EvaluationContext,
): Promise<EvaluationDetails<JsonValue>> {
  switch (type) {
    case 'boolean':
      return flags.getBooleanDetails(key, defaultValue as boolean, context);
    case 'string':
      return flags.getStringDetails(key, defaultValue as string, context);
    case 'number':
      return flags.getNumberDetails(key, defaultValue as number, context);
    default:
      return flags.getObjectDetails(key, defaultValue, context);
  }
}

export interface Heard {
  event: ProviderEvents;
  details: EventDetails | undefined;
}

type Listener = Pick<Client, 'addHandler' | 'removeHandler'>;

/** Writes down the events that a client of the SDK, or the SDK itself, is told of. */
export class Listening {
  readonly heard: Heard[] = [];
  #waiters: (() => void)[] = [];

  constructor(listener: Listener) {
    for (const event of Object.values(ProviderEvents)) {
      const handler = (details?: EventDetails) => {
        this.heard.push({ event, details });
        for (const resolve of this.#waiters.splice(0)) {
          resolve();
        }
      };
      listener.addHandler(event as ProviderEvents.Ready, handler);
      onTestFinished(() => listener.removeHandler(event, handler));
    }
  }

  get events(): ProviderEvents[] {
    return this.heard.map(({ event }) => event);
  }

  /** Resolves as soon as so many events were heard. */
  async waitFor(count: number): Promise<Heard[]> {
    while (this.heard.length < count) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return this.heard;
  }
}

/** Lets everything happen that is due by now. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
