/// <reference lib="esnext.disposable" preserve="true" />

import { loadNative } from './addon.js';
import { isPresent } from './arguments.js';
import type { CallOptions } from './calls.js';
import { type ClientParts, ConnectedClient } from './connected-client.js';
import { invalidArgument, unwrap } from './errors.js';
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
import type { NativeClient } from './native.js';
import { ObservedEvaluator } from './observed-evaluator.js';
import type { ClientOptions } from './options.js';
import { requireObject, unreadable } from './request.js';
import { Requests } from './requests.js';
import { readOptions, type Settings } from './settings.js';
import type { TestBench } from './testing/bench.js';
import type {
  FlagsOf,
  TestClient,
  TestClientOptions,
  TestFlags,
  TestRecords,
  TestValue,
} from './testing/types.js';
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
  readonly #bench: TestBench | undefined;

  /**
   * Starts a client and resolves with it once its first flag state is there.
   *
   * With `bootstrap`, or with flag state in `cache`, it resolves at once. With `errorStrategy: 'fallback'` it also resolves
   * when the first load fails, with the flag state of `snapshot` or, without one, with none: evaluations then throw
   * `FLIPT_CLIENT_NOT_READY` until a load succeeds. A rejected `init` leaves nothing behind.
   *
   * @throws ValidationError `FLIPT_OPTION_INVALID` naming every bad option; `FLIPT_SNAPSHOT_*` when `snapshot` cannot be
   * used
   * @throws InitializationError `FLIPT_INIT_TIMEOUT` after `initTimeoutMs`; `FLIPT_INIT_ABORTED` by `signal`;
   * `FLIPT_NATIVE_LOAD` when the native addon cannot be loaded
   * @throws NetworkError, SecurityError under `errorStrategy: 'fail'`, when the first load fails
   */
  static async init(options?: ClientOptions): Promise<FliptClient> {
    return FliptClient.#start(options, false);
  }

  /**
   * A client as {@link FliptClient.init} makes one, on the connection that this process has already where it does.
   *
   * Clients that were made by this call and have one identity (`url`, `environment`, `namespace`, `reference` and
   * `authentication`) are handles on one connection, one flag state and one background task, also where the package was
   * loaded several times and in different worker threads: the server is asked once for all. The last one that is closed
   * ends them. Where a `fetcher` or a function for a token is used, clients share within one thread, and the functions
   * are part of the identity: the same function objects, not equal ones.
   *
   * - Each handle has its own listeners, contexts, `hook`, `logger`, `signal`, `errorStrategy` and `initTimeoutMs`, and
   *   is closed by itself. Its `logger` gets the lines of the connection from when the handle was made.
   * - All other options are the first handle's. Where a later one's differ, a warning to its logger names them.
   * - When the first load fails, all who wait for it get that error under `errorStrategy: 'fail'`; the next call starts
   *   afresh.
   * - `refresh`, `reconnect`, `setOffline` and `updateAuthentication` act on the connection. New credentials are its
   *   identity from then on; they have to be texts, unless the client shares within its thread only.
   *
   * @throws the same errors as {@link FliptClient.init}
   */
  static async shared(options?: ClientOptions): Promise<FliptClient> {
    return FliptClient.#start(options, true);
  }

  static async #start(options: ClientOptions | undefined, isShared: boolean): Promise<FliptClient> {
    const settings = readOptions(options);
    const addon = loadNative();
    const host = new ClientHost(new Requests(settings), settings.logger, settings.environment);
    if (settings.problems.length === 0 && settings.signal?.aborted) {
      throw aborted(settings.signal.reason);
    }
    const native = start(addon, settings, host, isShared);
    const warn = (message: string): void => host.log('warn', message);
    const log = (level: LogLevel, message: string): void => host.log(level, message);
    const observers = new Observers(native.namespace(), log, settings.hooks);
    const evaluator = new Evaluator(native, warn);
    const resolver = evaluator.resolver(new Complaints(warn));
    const valuation = new Valuation(native, resolver, observers);
    const parts = { native, host, valuation, scope: new ContextScope() };
    const client = new FliptClient(parts, evaluator, observers, hookOf(settings, host));
    try {
      await untilReady(native, host, settings.signal);
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /**
   * A client for tests, as `createTestClient` of `flipt-native/testing` makes it.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every value that makes no flag; `FLIPT_OPTION_INVALID` naming
   * every bad option
   */
  static forTesting<Flags extends TestFlags = TestFlags>(
    options: TestClientOptions<Flags> = {},
  ): TestClient<Flags> {
    const { flags, maxEvaluations, ...others } = options;
    const settings = readOptions({ ...others, offline: true, bootstrap: {} });
    const bench = new (testBench())(settings, flags, maxEvaluations);
    const { native, host, valuation, evaluator, observers } = bench;
    const parts = { native, host, valuation, scope: new ContextScope() };
    const hook = hookOf(settings, host);
    return new FliptClient(parts, evaluator, observers, hook, bench) as TestClient<Flags>;
  }

  private constructor(
    parts: ClientParts,
    evaluator: Evaluator,
    observers: Observers,
    hook: HookCaller | undefined,
    bench?: TestBench,
  ) {
    super(parts);
    this.#bench = bench;
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

  /**
   * What a client of `createTestClient` or {@link FliptClient.forTesting} has besides: what was evaluated, and flags that
   * hold for one function.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for any other client
   */
  get testing(): TestRecords {
    return this.#tested('testing');
  }

  /**
   * Changes a flag of a test client, or adds it: a plain value for everyone, or a flag with rules. Listeners are called
   * before it returns.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a value that makes no flag, and for any other client
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  setTestValue<Key extends string>(flagKey: Key, value: TestValue<FlagsOf<this>, Key>): void {
    this.#tested('setTestValue').set(flagKey, value);
  }

  /**
   * Takes a flag of a test client away. Listeners are called before it returns.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for any other client
   * @throws FliptError `FLIPT_CLIENT_CLOSED` after `close`
   */
  removeTestValue(flagKey: string): void {
    this.#tested('removeTestValue').remove(flagKey);
  }

  /** Forgets what `identify` set: the user is anonymous again. A test client also is as it was made, but for listeners. */
  override reset(): void {
    super.reset();
    if (this.#bench !== undefined) {
      this.clearContext();
      this.#bench.clearEvaluations();
      if (!this.isClosed) {
        this.#bench.resetFlags();
      }
    }
  }

  #tested(what: string): TestBench {
    if (this.#bench === undefined) {
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: what,
        received: 'a client that is not for tests',
        allowed: 'a client of createTestClient or FliptClient.forTesting',
      });
    }
    return this.#bench;
  }

  #before(flagKey: unknown, entityId: unknown): void {
    if (this.#hook !== undefined && !this.isClosed && isPresent(flagKey) && isPresent(entityId)) {
      this.#hook.before(flagKey);
    }
  }
}

/** Loaded by the first test client: an application never needs it. */
function testBench(): typeof TestBench {
  const loaded: typeof import('./testing/bench.js') = require('./testing/bench.js');
  return loaded.TestBench;
}

function hookOf({ hook }: Settings, host: ClientHost): HookCaller | undefined {
  return hook && new HookCaller(hook, (level, text) => host.log(level, text));
}
