import type {
  AnyProviderEvent,
  ErrorCode,
  EvaluationContext,
  Hook,
  JsonValue,
  Provider,
  ProviderEventEmitter,
  ProviderMetadata,
  ResolutionDetails,
} from '@openfeature/server-sdk';
import { FliptClient } from '../client.js';
import { flagSetOf } from '../connected-client.js';
import { describe } from '../encode.js';
import { FliptError, invalidArgument } from '../errors.js';
import { thrownText } from '../logger.js';
import type { ClientOptions } from '../options.js';
import { hasMethods } from '../signal.js';
import { formed } from '../values/flag-values.js';
import {
  booleanValue,
  numberValue,
  objectValue,
  type Reading,
  stringValue,
} from '../values/reading.js';
import { Announcer } from './announcer.js';
import { FlagSet } from './flag-set.js';
import { ownOptions } from './own-options.js';
import { ProviderEmitter } from './provider-emitter.js';
import { ProviderError } from './provider-error.js';

/**
 * Serves the flags of a Flipt namespace to the OpenFeature SDK for servers.
 *
 * A provider that is made of options has a client of its own from `initialize` to `onClose`; its `errorStrategy` is
 * always `fallback`, because it is for the SDK to say that a start failed. A client that the provider is given stays
 * its owner's: `onClose` only lets go of it. One provider may serve several domains, and may be set again after it was
 * closed.
 *
 * A boolean flag has a boolean value; a variant flag has as string its variant's key, as number the number attached to
 * the variant or else its key, as object the structure attached to it. Errors are returned as `errorCode`, never thrown.
 * `flagMetadata` is {@link FliptFlagMetadata}.
 *
 * After a start that failed the client goes on trying, so that `PROVIDER_READY` may follow a `PROVIDER_ERROR`. Later
 * transitions are told once each: `PROVIDER_STALE` when the flag state may be outdated, `PROVIDER_ERROR` when the server
 * refuses the client or somebody closed it, `PROVIDER_READY` when all is well again.
 *
 * @example
 * ```ts
 * await OpenFeature.setProviderAndWait(
 *   new FliptProvider({ url: 'http://localhost:8080', namespace: 'shop', fetchMode: 'streaming' }),
 * );
 * const isOn = await OpenFeature.getClient().getBooleanValue('new-checkout', false, {
 *   targetingKey: 'user-42',
 *   plan: 'premium',
 * });
 * ```
 */
export class FliptProvider implements Provider {
  /** How the SDK calls this provider: `flipt-native`. */
  readonly metadata: ProviderMetadata = Object.freeze({ name: 'flipt-native' });
  /** For the SDK of servers only. */
  readonly runsOn = 'server';
  /** Where the SDK listens. */
  readonly events: ProviderEventEmitter<AnyProviderEvent> = new ProviderEmitter();
  /** Called by the SDK around every evaluation of this provider; none at first. */
  readonly hooks: Hook[] = [];
  readonly #given: FliptClient | undefined;
  readonly #options: ClientOptions | undefined;
  #opened: Promise<Announcer> | undefined;
  #closing: Promise<void> | undefined;
  #abort = new AbortController();
  /** Whose flags are evaluated; there as soon as there is a client, and until `onClose`. */
  #client: FliptClient | undefined;
  #flagSet = new FlagSet('');

  /**
   * @param clientOrOptions a client, or the options of one; default: those of `FliptClient.init`
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a client of another loaded copy of this package
   */
  constructor(clientOrOptions?: FliptClient | ClientOptions) {
    if (isClient(clientOrOptions)) {
      this.#given = clientOrOptions;
    } else {
      this.#options = clientOrOptions;
    }
  }

  /**
   * The client that evaluates: the given one, or the provider's own, from the moment in which `initialize` settles, even
   * with an error, until `onClose`. Through it, `updateAuthentication` mends a start that the server refused.
   */
  get client(): FliptClient | undefined {
    return this.#given ?? this.#client;
  }

  /**
   * Called by the SDK when the provider is set. Calls that overlap share one start.
   *
   * Rejects without flag state: with `PROVIDER_FATAL` for a 401, a closed client, and options that cannot be used, with
   * `GENERAL` otherwise; the cause is the client's error. The client goes on trying nevertheless.
   */
  async initialize(): Promise<void> {
    const announcer = await this.#open();
    const standing = announcer.begin();
    if (standing.state !== 'READY' && !announcer.client.isReady) {
      const cause = 'cause' in standing ? standing.cause : undefined;
      throw new ProviderError(standing.state === 'FATAL', standing.message, cause);
    }
  }

  /** Called by the SDK when it lets go of the provider. Never rejects, and may be called again; ends a start, too. */
  onClose(): Promise<void> {
    const earlier = this.#closing;
    const opened = this.#opened;
    this.#opened = undefined;
    this.#client = undefined;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#closing = this.#close(opened, earlier);
    return this.#closing;
  }

  /** Called by the SDK: the value of a boolean flag. */
  resolveBooleanEvaluation(
    flagKey: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return Promise.resolve(this.#resolve(flagKey, defaultValue, context, booleanValue));
  }

  /** Called by the SDK: the key of the variant that a flag chooses. */
  resolveStringEvaluation(
    flagKey: string,
    defaultValue: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return Promise.resolve(this.#resolve(flagKey, defaultValue, context, stringValue));
  }

  /** Called by the SDK: the number that a flag's variant stands for. */
  resolveNumberEvaluation(
    flagKey: string,
    defaultValue: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return Promise.resolve(this.#resolve(flagKey, defaultValue, context, numberValue));
  }

  /** Called by the SDK: the structure attached to a flag's variant, frozen. */
  resolveObjectEvaluation<T extends JsonValue>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return Promise.resolve(this.#resolve(flagKey, defaultValue, context, objectValue));
  }

  #resolve<T>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
    reading: Reading,
  ): ResolutionDetails<T> {
    const client = this.#client;
    return client === undefined
      ? notReady(defaultValue)
      : (formed(
          client,
          flagKey,
          defaultValue,
          context,
          reading,
          this.#flagSet,
        ) as ResolutionDetails<T>);
  }

  #open(): Promise<Announcer> {
    this.#opened ??= this.#start(this.#abort.signal);
    return this.#opened;
  }

  async #start(signal: AbortSignal): Promise<Announcer> {
    try {
      const client = this.#given ?? (await FliptClient.init(ownOptions(this.#options, signal)));
      if (!signal.aborted) {
        this.#client = client;
        this.#flagSet = new FlagSet(flagSetOf(client) ?? '');
      }
      return new Announcer(client, this.events);
    } catch (error) {
      if (!signal.aborted) {
        this.#opened = undefined;
      }
      // There is no client that goes on trying: its options cannot be used, or the addon cannot be loaded.
      const isOurs = FliptError.is(error);
      const isFatal = isOurs && error.code !== 'FLIPT_INIT_ABORTED';
      throw new ProviderError(isFatal, isOurs ? error.message : thrownText(error), error);
    }
  }

  async #close(
    opened: Promise<Announcer> | undefined,
    earlier: Promise<void> | undefined,
  ): Promise<void> {
    await earlier;
    const announcer = await opened?.catch(() => undefined);
    announcer?.stop();
    if (announcer !== undefined && this.#given === undefined) {
      await announcer.client.close();
    }
  }
}

function notReady<T>(value: T): ResolutionDetails<T> {
  const errorCode = 'PROVIDER_NOT_READY' as ErrorCode;
  return { value, reason: 'ERROR', errorCode, errorMessage: 'the provider is not initialised' };
}

/** A client to make a provider of; what is neither that nor options is refused. */
function isClient(value: unknown): value is FliptClient {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  if (flagSetOf(value) !== undefined) {
    return true;
  }
  if (hasMethods(value, ['getBooleanValue'])) {
    throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
      field: 'clientOrOptions',
      received: describe(value),
      allowed: 'a FliptClient of the same loaded copy of flipt-native, or options',
    });
  }
  return false;
}
