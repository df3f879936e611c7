/// <reference lib="esnext.disposable" preserve="true" />

import {
  type CallOptions,
  callAborted,
  readCallOptions,
  readOffline,
  readWaitOptions,
  settled,
  type WaitOptions,
} from './calls.js';
import type { ChangeEvent, FlagChangeEvent } from './changes.js';
import { updateAuthentication } from './credentials.js';
import type { Tagged } from './errors.js';
import type { ClientEvents, ListenOptions } from './events.js';
import type { AbortSignalLike } from './fetcher.js';
import type { ClientHost } from './host.js';
import type { NativeCall, NativeClient } from './native.js';
import type { Authentication } from './options.js';
import { type ClientStatus, statusOf } from './status.js';
import type { ContextScope } from './values/context-scope.js';
import type { FlagContext } from './values/flag-context.js';
import { FlagValues } from './values/flag-values.js';
import type { Valuation } from './values/valuation.js';

/**
 * The flags that a client evaluates, as `environment/namespace`; undefined for what is no client, or one of another
 * loaded copy. For this package alone.
 */
export let flagSetOf: (client: object) => string | undefined;

/** What a client is made of. */
export interface ClientParts {
  readonly native: NativeClient;
  readonly host: ClientHost;
  readonly valuation: Valuation;
  readonly scope: ContextScope;
}

/**
 * What a client has besides evaluation: its connection, its events, its end, and the context of a process that serves
 * one user.
 */
export class ConnectedClient extends FlagValues {
  readonly #native: NativeClient;
  readonly #host: ClientHost;
  readonly #scope: ContextScope;
  #closed: Promise<void> | undefined;

  static {
    flagSetOf = (client) =>
      #native in client ? `${client.#host.environment}/${client.#native.namespace()}` : undefined;
  }

  /**
   * Made by `FliptClient`.
   *
   * @internal
   */
  protected constructor({ native, host, valuation, scope }: ClientParts) {
    super(valuation, scope);
    this.#native = native;
    this.#host = host;
    this.#scope = scope;
  }

  /** Whether the client was closed. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /**
   * Sets what every evaluation knows that is not told otherwise: for processes that serve one user. It replaces what was
   * set before, and stays below what {@link ConnectedClient.identify} sets.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for what is not an object
   */
  setContext(context: FlagContext): void {
    this.#scope.set(context);
  }

  /** What `setContext` and `identify` set, together; empty at first. */
  getContext(): FlagContext {
    return this.#scope.global;
  }

  /** Forgets what `setContext` and `identify` set. */
  clearContext(): void {
    this.#scope.clear();
  }

  /**
   * Names the user of this process, and lays what is known about them over what `setContext` set.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a blank key, and for attributes that are not an object
   */
  identify(targetingKey: string, attributes: FlagContext = {}): void {
    this.#scope.identify(targetingKey, attributes);
  }

  /** Forgets what `identify` set: the user is anonymous again. */
  reset(): void {
    this.#scope.reset();
  }

  /**
   * Fetches flag state now and resolves with whether it changed, once the listeners of that change have been called.
   * Calls that overlap share one fetch.
   *
   * @returns also `false` when the fetch failed under `errorStrategy: 'fallback'`
   * @throws NetworkError, SecurityError when the fetch failed under `errorStrategy: 'fail'`; the flag state stays
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`; `FLIPT_CALL_ABORTED` by `signal`, while the fetch goes on
   */
  async refresh(options?: CallOptions): Promise<boolean> {
    // Existing code passes this method to event emitters, which call it with arguments of their own.
    const { signal } = readCallOptions(typeof options === 'object' ? options : undefined);
    return this.#settled((settle) => this.#native.refresh(settle), signal);
  }

  /**
   * Gives up the connections, waits for no pause between attempts, and asks the server now; a stream is opened anew.
   * Resolves when the server has answered.
   *
   * @throws the same errors as {@link FliptClient.refresh}
   */
  async reconnect(options?: CallOptions): Promise<void> {
    const { signal } = readCallOptions(options);
    await this.#settled((settle) => this.#native.reconnect(settle), signal);
  }

  /**
   * Stops using the network, or uses it again. Offline the flag state stays in force, `status.connection` is `offline`,
   * which is no error, no connection is open, no timer runs, and `refresh()` resolves with `false`. Going online asks the
   * server at once, and resolves when it has answered.
   *
   * @throws NetworkError, SecurityError when going online and the fetch failed under `errorStrategy: 'fail'`; the client
   * is online all the same and goes on trying
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for anything but a boolean; `FLIPT_OPTION_INVALID` when a client that
   * started offline cannot use its options; it stays offline then
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  async setOffline(offline: boolean): Promise<void> {
    const wanted = readOffline(offline);
    await this.#settled((settle) => this.#native.setOffline(settle, wanted), undefined);
  }

  /**
   * Resolves as soon as there is flag state to evaluate, at once when there is. Of use after an `init` that fell back.
   *
   * @throws InitializationError `FLIPT_INIT_TIMEOUT` after `timeoutMs`
   * @throws FliptError `FLIPT_CALL_ABORTED` by `signal`; `FLIPT_CLIENT_CLOSED` when the client is closed before
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every bad option
   */
  async waitForReady(options?: WaitOptions): Promise<void> {
    const { signal, timeoutMs } = readWaitOptions(options);
    const limit = timeoutMs === undefined ? undefined : Math.ceil(timeoutMs);
    await this.#settled((settle) => this.#native.waitReady(settle, limit), signal);
  }

  /** Whether there is flag state to evaluate; false after `close`. */
  get isReady(): boolean {
    return this.#native.isReady();
  }

  /** The state of connection and flags at this moment, frozen. Never throws; closed clients have one, too. */
  get status(): ClientStatus {
    return statusOf(this.#native.status());
  }

  /**
   * Calls a listener whenever something happens; see {@link ClientEvents}. Registering it twice has no effect.
   *
   * Listeners are called on the event loop, in order, with the new state already in force. They do not keep the process
   * alive, but a client that has one is not collected. What a listener throws, or the promise that it returns is
   * rejected with, is reported to the `logger` and nowhere else; an `error` that nobody listens to is no error.
   *
   * While the event loop is blocked a bounded number of events waits: changes are merged then, so that none is lost.
   *
   * @returns a function that removes the listener
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every bad argument
   */
  on<Name extends keyof ClientEvents>(
    event: Name,
    listener: (...args: ClientEvents[Name]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#host.inbox.events.on(event, listener, options);
  }

  /** As {@link FliptClient.on}, for one time. */
  once<Name extends keyof ClientEvents>(
    event: Name,
    listener: (...args: ClientEvents[Name]) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#host.inbox.events.on(event, listener, options, true);
  }

  /**
   * Removes a listener. It is not called any more, not even for an event that is being delivered.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every bad argument
   */
  off<Name extends keyof ClientEvents>(
    event: Name,
    listener: (...args: ClientEvents[Name]) => void,
  ): void {
    this.#host.inbox.events.off(event, listener);
  }

  /**
   * Calls a listener whenever a flag is added, removed, or answers differently; in all else as {@link FliptClient.on}.
   *
   * @returns a function that removes the listener
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every bad argument
   */
  onFlagChange(
    flagKey: string,
    listener: (change: FlagChangeEvent) => void,
    options?: ListenOptions,
  ): () => void {
    return this.#host.inbox.events.onFlagChange(flagKey, listener, options);
  }

  /**
   * The changes from now on, for `for await`. It ends when the client is closed, and rejects with `FLIPT_CALL_ABORTED`
   * when the signal is aborted. Up to 64 changes wait for a slow reader; later ones are merged into the last of them.
   * Like a listener it does not keep the process alive, but its client from being collected until it has ended.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every bad option
   */
  changes(options?: CallOptions): AsyncIterableIterator<ChangeEvent> {
    return this.#host.inbox.events.changes(options);
  }

  /**
   * Puts other credentials in force, beginning with the next request; a stream reconnects with them. The credential
   * that worked last stays as fallback for `credentialGracePeriodMs`. Without effect where a `fetcher` makes the requests.
   * All handles of {@link FliptClient.shared} are concerned; functions are refused where other threads may share.
   *
   * @throws ValidationError `FLIPT_OPTION_INVALID` naming every bad field; the credentials in force then stay
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  async updateAuthentication(
    authentication: Authentication | readonly Authentication[],
  ): Promise<void> {
    updateAuthentication(this.#native, this.#host.requests.credentials, authentication);
  }

  /**
   * Stops everything the client does and releases its flag state. Every later call but this one fails with
   * `FLIPT_CLIENT_CLOSED`, from the moment of the call. Never rejects; resolves within moments, whatever the network does.
   *
   * A client of {@link FliptClient.shared} is closed by itself; connection and flag state end with the last one.
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes the client at the end of a `using` block, which does not wait for the end of what goes on behind. */
  [Symbol.dispose](): void {
    void this.close();
  }

  #end(): Promise<void> {
    this.#host.inbox.beginClosing();
    this.#native.shutDown();
    this.#host.detach();
    return new Promise((resolve) => {
      this.#native.close(() => {
        this.#host.inbox.endClosing();
        resolve();
      });
    });
  }

  #settled(
    start: (settle: (result: Tagged<boolean>) => void) => NativeCall,
    signal: AbortSignalLike | undefined,
  ): Promise<boolean> {
    return settled(start, {
      signal,
      aborted: callAborted,
      failure: (error) => this.#host.failure(error),
      // Whoever listens hears of what happened before the caller goes on.
      settling: () => this.#host.inbox.drain(),
    });
  }
}
