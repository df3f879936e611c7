/// <reference lib="esnext.disposable" preserve="true" />

import { isPresent } from './arguments.js';
import type { CallOptions } from './calls.js';
import { type ClientParts, ConnectedClient } from './connected-client.js';
import { unwrap } from './errors.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  EvaluationContext,
  EvaluationRequest,
  Flag,
  VariantEvaluationResponse,
} from './evaluation.js';
import type { EvaluationHook } from './evaluation-hook.js';
import { Evaluator } from './evaluator.js';
import { HookCaller } from './hook.js';
import { ClientHost } from './host.js';
import { aborted, start, untilReady } from './init.js';
import type { LogLevel } from './logger.js';
import { loadNative, type NativeClient } from './native.js';
import { ObservedEvaluator } from './observed-evaluator.js';
import type { ClientOptions } from './options.js';
import { requireObject, unreadable } from './request.js';
import { readOptions } from './settings.js';
import { ContextScope } from './values/context-scope.js';
import { Complaints } from './values/failure.js';
import { Observers } from './values/observation.js';
import { Valuation } from './values/valuation.js';

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
export class FliptClient extends ConnectedClient implements BaseFliptClient {
  readonly #native: NativeClient;
  readonly #evaluator: ObservedEvaluator;
  readonly #observers: Observers;
  readonly #hook: HookCaller | undefined;

  /**
   * Starts a client and resolves with it once its first flag state is there.
   *
   * With `errorStrategy: 'fallback'` it also resolves when the first load fails, with the flag state of `snapshot` or,
   * without one, with none: evaluations then throw `FLIPT_CLIENT_NOT_READY` until a load succeeds. A rejected `init`
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
    const warn = (message: string): void => host.log('warn', message);
    const log = (level: LogLevel, message: string): void => host.log(level, message);
    const observers = new Observers(native.namespace(), log, settings.hooks);
    const evaluator = new Evaluator(native, warn);
    const resolver = evaluator.resolver(new Complaints(warn));
    const valuation = new Valuation(native, resolver, observers);
    const hook = settings.hook && new HookCaller(settings.hook, log);
    const parts = { native, host, valuation, scope: new ContextScope() };
    const client = new FliptClient(parts, evaluator, observers, hook);
    try {
      await untilReady(native, host, settings.signal);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  private constructor(
    parts: ClientParts,
    evaluator: Evaluator,
    observers: Observers,
    hook: HookCaller | undefined,
  ) {
    super(parts);
    this.#native = parts.native;
    this.#evaluator = new ObservedEvaluator(parts.native, evaluator, observers);
    this.#observers = observers;
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
    if (hook === undefined || !Array.isArray(requests) || this.isClosed) {
      return this.#evaluator.batch(requests);
    }
    hook.beforeBatch(requests);
    const answer = this.#evaluator.batch(requests);
    hook.afterBatch(answer);
    return answer;
  }

  /**
   * Registers a hook as the option `hooks` does, behind those that are registered; one that is registered already stays
   * where it is. It is told of evaluations that begin from now on, those of handles included.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for what is no hook
   */
  addHook(hook: EvaluationHook): void {
    this.#observers.add(hook);
  }

  /** Removes a hook; without effect for one that is not registered. */
  removeHook(hook: EvaluationHook): void {
    this.#observers.remove(hook);
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

  #before(flagKey: unknown, entityId: unknown): void {
    if (this.#hook !== undefined && !this.isClosed && isPresent(flagKey) && isPresent(entityId)) {
      this.#hook.before(flagKey);
    }
  }
}
