import { CredentialFunctions, type TokenFunction } from './credentials.js';
import { type FliptError, fromNative, type NativeError } from './errors.js';
import { nameOf } from './failure.js';
import { type CancelSignal, fetched, type IFetcher } from './fetcher.js';
import { Inbox } from './inbox.js';
import { type Logger, type LogLevel, write } from './logger.js';
import type { Host, NativeClient } from './native.js';

/** What the engine may ask of JavaScript while a client lives: to read what happened, to fetch, and for credentials. */
export class ClientHost {
  /** Answers of the fetcher go here; set as soon as there is a native client. */
  native: NativeClient | undefined;
  /** The environment whose flags are evaluated; empty until there is a native client. */
  environment = '';
  readonly inbox: Inbox = new Inbox(this);
  /** What the fetcher last failed with, to be the cause of the error that the engine makes of it. */
  #fetchFailure: unknown;
  readonly credentials: CredentialFunctions = new CredentialFunctions((id, answer) =>
    this.native?.obtainedCredential(id, answer),
  );
  readonly #fetcher: IFetcher | undefined;
  readonly #logger: Logger | undefined;
  readonly #running = new Map<number, AbortController>();

  constructor(
    fetcher: IFetcher | undefined,
    logger: Logger | undefined,
    sources: readonly TokenFunction[] = [],
  ) {
    this.#fetcher = fetcher;
    this.#logger = logger;
    for (const source of sources) {
      this.credentials.keep(source);
    }
  }

  get hasLogger(): boolean {
    return this.#logger !== undefined;
  }

  log(level: LogLevel, message: string): void {
    write(this.#logger, level, message);
  }

  /** The error of a call; what a callback of the user failed with is its cause. */
  failure(error: NativeError): FliptError {
    switch (error.code) {
      case 'FLIPT_FETCHER_FAILED':
        return fromNative(error, this.#fetchFailure);
      case 'FLIPT_CREDENTIAL_FAILED':
        return fromNative(error, this.credentials.failure);
      default:
        return fromNative(error);
    }
  }

  fetch(id: number, etag: string | null): void {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const answered = this.#fetch(controller.signal as CancelSignal, etag);
    answered.then((answer) => {
      if (this.#running.delete(id)) {
        this.native?.fetched(id, answer);
      }
    });
  }

  abortFetch(id: number): void {
    const controller = this.#running.get(id);
    this.#running.delete(id);
    controller?.abort();
  }

  abortAll(): void {
    for (const id of [...this.#running.keys()]) {
      this.abortFetch(id);
    }
    this.credentials.abortAll();
  }

  async #fetch(signal: CancelSignal, etag: string | null) {
    try {
      const options = etag === null ? { signal } : { etag, signal };
      const answer = await fetched(await this.#fetcher?.(options));
      this.#fetchFailure = undefined;
      return answer;
    } catch (error) {
      this.#fetchFailure = error;
      return { error: nameOf(error) };
    }
  }
}

/** The callbacks for the addon. They do not keep the client alive: one that nobody holds is collected, and ends. */
export function weakly(host: ClientHost, fetches: boolean): Host {
  const weak = new WeakRef(host);
  const { kinds } = host.inbox;
  const common: Host = {
    wake: () => weak.deref()?.inbox.drain(),
    kinds,
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
