import { CredentialFunctions, type TokenFunction } from './credentials.js';
import { type FliptError, fromNative, type NativeError } from './errors.js';
import { nameOf } from './failure.js';
import { type CancelSignal, fetched, type IFetcher } from './fetcher.js';
import type { NativeClient } from './native.js';

/** What makes requests for a client in JavaScript. */
export interface RequestFunctions {
  /** Makes them all. */
  readonly fetcher?: IFetcher | undefined;
  /** The functions among the credentials, in the order in which they stand there. */
  readonly sources: readonly TokenFunction[];
}

/** Makes requests on behalf of the engine, and obtains credentials: for all handles of one connection. */
export class Requests {
  readonly credentials: CredentialFunctions;
  readonly #fetcher: IFetcher | undefined;
  readonly #running = new Map<number, AbortController>();
  /** Weakly: a handle that nobody refers to is collected, whatever the others do. */
  readonly #natives = new Set<WeakRef<NativeClient>>();
  /** What the fetcher last failed with, to be the cause of the error that the engine makes of it. */
  #fetchFailure: unknown;

  constructor({ fetcher, sources }: RequestFunctions) {
    this.#fetcher = fetcher;
    this.credentials = new CredentialFunctions(
      (id, answer) => this.#native()?.obtainedCredential(id, answer),
      sources,
    );
  }

  /** Whether these functions make the requests. */
  areBy({ fetcher, sources }: RequestFunctions): boolean {
    return fetcher === this.#fetcher && this.credentials.are(sources);
  }

  /** The open handles; answers go through any of them. */
  get natives(): NativeClient[] {
    const natives: NativeClient[] = [];
    for (const weak of this.#natives) {
      const native = weak.deref();
      if (native === undefined) {
        this.#natives.delete(weak);
      } else {
        natives.push(native);
      }
    }
    return natives;
  }

  add(native: NativeClient): void {
    this.#natives.add(new WeakRef(native));
  }

  /** A handle was closed: with the last one end the requests that are under way. */
  remove(native: NativeClient | undefined): void {
    for (const weak of this.#natives) {
      if (weak.deref() === native) {
        this.#natives.delete(weak);
      }
    }
    if (this.natives.length === 0) {
      for (const id of [...this.#running.keys()]) {
        this.abortFetch(id);
      }
      this.credentials.inForce = [];
      this.credentials.abortAll();
    }
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
        this.#native()?.fetched(id, answer);
      }
    });
  }

  abortFetch(id: number): void {
    const controller = this.#running.get(id);
    this.#running.delete(id);
    controller?.abort();
  }

  #native(): NativeClient | undefined {
    return this.natives[0];
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
