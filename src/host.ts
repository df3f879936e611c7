import type { FliptError, NativeError } from './errors.js';
import { Inbox } from './inbox.js';
import { type Logger, type LogLevel, write } from './logger.js';
import type { Host, NativeClient } from './native.js';
import { ClientOptionsFactory } from './options.js';
import type { Requests } from './requests.js';

const { environment: ENVIRONMENT = '' } = ClientOptionsFactory.default();

/** What belongs to one handle on a client: who is told what happens, and the way to who makes its requests. */
export class ClientHost {
  /** The environment whose flags are evaluated. */
  readonly environment: string;
  readonly inbox: Inbox = new Inbox(this);
  /** Those of another handle where this one has joined it. */
  requests: Requests;
  readonly #logger: Logger | undefined;
  #native: NativeClient | undefined;

  constructor(requests: Requests, logger: Logger | undefined, environment = ENVIRONMENT) {
    this.requests = requests;
    this.#logger = logger;
    this.environment = environment;
  }

  /** Set as soon as there is a native client. */
  get native(): NativeClient | undefined {
    return this.#native;
  }

  get hasLogger(): boolean {
    return this.#logger !== undefined;
  }

  /** The native client of this handle is there. */
  attach(native: NativeClient): void {
    this.#native = native;
    this.requests.add(native);
  }

  /** The native client of this handle was closed. */
  detach(): void {
    this.requests.remove(this.#native);
  }

  log(level: LogLevel, message: string): void {
    write(this.#logger, level, message);
  }

  /** The error of a call; what a callback of the user failed with is its cause. */
  failure(error: NativeError): FliptError {
    return this.requests.failure(error);
  }
}

/** The callbacks for the addon. They do not keep the client alive: one that nobody holds is collected, and ends. */
export function weakly(host: ClientHost, fetches: boolean): Host {
  const weak = new WeakRef(host.requests);
  const common: Host = {
    wake: waking(host),
    kinds: host.inbox.kinds,
    obtainCredential: (id, source, reason) => weak.deref()?.credentials.obtain(id, source, reason),
    abortCredential: (id) => weak.deref()?.credentials.abort(id),
    releaseCredential: (source) => weak.deref()?.credentials.release(source),
  };
  if (!fetches) {
    return common;
  }
  return {
    ...common,
    fetch: (id, etag) => weak.deref()?.fetch(id, etag),
    abortFetch: (id) => weak.deref()?.abortFetch(id),
  };
}

/** What tells a handle that events wait. */
export function waking(host: ClientHost): () => void {
  const weak = new WeakRef(host);
  return () => weak.deref()?.inbox.drain();
}
