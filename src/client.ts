/// <reference lib="esnext.disposable" preserve="true" />

import { isPresent } from './arguments.js';
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
import { type Tagged, unwrap } from './errors.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  EvaluationContext,
  EvaluationRequest,
  Flag,
  VariantEvaluationResponse,
} from './evaluation.js';
import { Evaluator } from './evaluator.js';
import type { ClientEvents, ListenOptions } from './events.js';
import type { AbortSignalLike } from './fetcher.js';
import { HookCaller } from './hook.js';
import { ClientHost } from './host.js';
import { aborted, start, untilReady } from './init.js';
import { loadNative, type NativeCall, type NativeClient } from './native.js';
import type { Authentication, ClientOptions } from './options.js';
import { requireObject, unreadable } from './request.js';
import { readOptions } from './settings.js';
import { type ClientStatus, statusOf } from './status.js';

/** What every client offers. Name it where a `FliptClient` or a stand-in for one is welcome. */
export interface BaseFliptClient {
  /** See {@link FliptClient.evaluateBoolean}. */
  evaluateBoolean(request: EvaluationRequest): BooleanEvaluationResponse;
  /** See {@link FliptClient.evaluateVariant}. */
  evaluateVariant(request: EvaluationRequest): VariantEvaluationResponse;
  /** See {@link FliptClient.evaluateBatch}. */
  evaluateBatch(requests: readonly EvaluationRequest[]): BatchEvaluationResponse;
  /** See {@link FliptClient.listFlags}. */
  listFlags(): Flag[];
  /** See {@link FliptClient.getSnapshot}. */
  getSnapshot(): string;
  /** See {@link FliptClient.refresh}. */
  refresh(options?: CallOptions): Promise<boolean>;
}

/**
 * Evaluates the flags of one Flipt namespace inside this process.
 *
 * Flag state is fetched in the background; evaluation is synchronous, takes no lock and does no I/O, and goes on with
 * the last good state when the server cannot be reached. A client never keeps the process alive, except while a
 * promise that it returned is pending; one that is no longer referenced, and to which nobody listens, ends by itself.
 *
 * @example
 * ```ts
 * const client = await FliptClient.init({ url: 'http://localhost:8080', namespace: 'shop' });
 * const { enabled } = client.evaluateBoolean({
 *   flagKey: 'new-checkout',
 *   entityId: 'user-42',
 *   context: { plan: 'premium' },
 * });
 * await client.close();
 * ```
 */
export class FliptClient implements BaseFliptClient {
  readonly #native: NativeClient;
  readonly #host: ClientHost;
  readonly #evaluator: Evaluator;
  readonly #hook: HookCaller | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Starts a client and resolves with it once its first flag state is there.
   *
   * With `errorStrategy: 'fallback'` it also resolves when the first load fails, with the flag state of `snapshot` or
   * `bootstrap` or, without either, with none: evaluations then throw `FLIPT_CLIENT_NOT_READY` until a load succeeds. A rejected `init`
   * leaves nothing behind.
   *
   * @throws ValidationError `FLIPT_OPTION_INVALID` naming every bad option; `FLIPT_SNAPSHOT_*` when `snapshot` cannot be
   * used
   * @throws InitializationError `FLIPT_INIT_TIMEOUT` after `initTimeoutMs`; `FLIPT_INIT_ABORTED` by `signal`;
   * `FLIPT_NATIVE_LOAD` when the native addon cannot be loaded
   * @throws NetworkError, SecurityError under `errorStrategy: 'fail'`, when the first load fails
   */
  static async init(options?: ClientOptions): Promise<FliptClient> {
    const settings = readOptions(options);
    const addon = loadNative();
    const host = new ClientHost(settings.fetcher, settings.logger, settings.sources);
    if (settings.problems.length === 0 && settings.signal?.aborted) {
      throw aborted(settings.signal.reason);
    }
    const native = start(addon, settings, host);
    const evaluator = new Evaluator(native, (message) => host.log('warn', message));
    const hook =
      settings.hook && new HookCaller(settings.hook, (level, text) => host.log(level, text));
    const client = new FliptClient(native, host, evaluator, hook);
    try {
      await untilReady(native, host, settings.signal);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  private constructor(
    native: NativeClient,
    host: ClientHost,
    evaluator: Evaluator,
    hook: HookCaller | undefined,
  ) {
    this.#native = native;
    this.#host = host;
    this.#evaluator = evaluator;
    this.#hook = hook;
  }

  /**
   * Evaluates a boolean flag.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a blank `flagKey` or `entityId`; `FLIPT_CONTEXT_INVALID` naming
   * every context value that cannot be used
   * @throws EvaluationError `FLIPT_FLAG_NOT_FOUND`, `FLIPT_FLAG_TYPE_MISMATCH`, `FLIPT_FLAG_INVALID`, or
   * `FLIPT_CLIENT_NOT_READY` before the first flag state
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  evaluateBoolean(request: EvaluationRequest): BooleanEvaluationResponse {
    let flagKey: string;
    let entityId: string;
    let context: EvaluationContext | undefined;
    try {
      ({ flagKey, entityId, context } = requireObject(request));
    } catch (cause) {
      throw unreadable(request, cause);
    }
    this.#before(flagKey, entityId);
    const answer = this.#evaluator.boolean(flagKey, entityId, context);
    this.#hook?.afterBoolean(answer);
    return answer;
  }

  /**
   * Evaluates a variant flag.
   *
   * @throws the same errors as {@link FliptClient.evaluateBoolean}
   */
  evaluateVariant(request: EvaluationRequest): VariantEvaluationResponse {
    let flagKey: string;
    let entityId: string;
    let context: EvaluationContext | undefined;
    try {
      ({ flagKey, entityId, context } = requireObject(request));
    } catch (cause) {
      throw unreadable(request, cause);
    }
    this.#before(flagKey, entityId);
    const answer = this.#evaluator.variant(flagKey, entityId, context);
    this.#hook?.afterVariant(answer);
    return answer;
  }

  /**
   * Evaluates several flags of any kind on the same flag state, in order.
   *
   * A request that cannot be answered becomes an error item; the others are answered all the same. A value of a wrong
   * type is also reported to the `logger`.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` when `requests` is not an array
   * @throws EvaluationError `FLIPT_CLIENT_NOT_READY` before the first flag state
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  evaluateBatch(requests: readonly EvaluationRequest[]): BatchEvaluationResponse {
    const hook = this.#hook;
    if (hook === undefined || !Array.isArray(requests) || this.#closed !== undefined) {
      return this.#evaluator.batch(requests);
    }
    hook.beforeBatch(requests);
    const answer = this.#evaluator.batch(requests);
    hook.afterBatch(answer);
    return answer;
  }

  /**
   * The flags of the namespace, in the order in which the server lists them.
   *
   * @throws EvaluationError `FLIPT_CLIENT_NOT_READY` before the first flag state
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  listFlags(): Flag[] {
    return unwrap(this.#native.listFlags());
  }

  /**
   * The flag state in force as base64 text, to start from later through the option `snapshot`, here or in Flipt's own
   * clients.
   *
   * @throws EvaluationError `FLIPT_CLIENT_NOT_READY` before the first flag state
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  getSnapshot(): string {
    return unwrap(this.#native.exportSnapshot());
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
   *
   * @throws ValidationError `FLIPT_OPTION_INVALID` naming every bad field; the credentials in force then stay
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  async updateAuthentication(
    authentication: Authentication | readonly Authentication[],
  ): Promise<void> {
    updateAuthentication(this.#native, this.#host.credentials, authentication);
  }

  /**
   * Stops everything the client does and releases its flag state. Every later call but this one fails with
   * `FLIPT_CLIENT_CLOSED`, from the moment of the call. Never rejects; resolves within moments, whatever the network does.
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
    this.#host.abortAll();
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

  #before(flagKey: unknown, entityId: unknown): void {
    if (
      this.#hook !== undefined &&
      this.#closed === undefined &&
      isPresent(flagKey) &&
      isPresent(entityId)
    ) {
      this.#hook.before(flagKey);
    }
  }
}
