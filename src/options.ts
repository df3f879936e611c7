import type { KubernetesAuthentication, TokenAuthentication } from './credentials.js';
import type { AbortSignalLike, IFetcher } from './fetcher.js';
import type { Hook } from './hook.js';
import type { Logger } from './logger.js';

/** What happens when flag state cannot be fetched. */
// biome-ignore lint/style/noEnum: existing code imports it as an enum
export enum ErrorStrategy {
  /** `init` and `refresh` reject. */
  Fail = 'fail',
  /** `init` resolves from the `snapshot`, or without flag state; `refresh` resolves with `false`. */
  Fallback = 'fallback',
}

/** One way to identify a client; a token is text or a function that obtains it. */
export type Authentication =
  | AuthenticationStrategy
  | TokenAuthentication
  | KubernetesAuthentication;

/** How a client identifies itself: exactly one of the two, or neither. */
export interface AuthenticationStrategy {
  /** See {@link ClientTokenAuthentication}. */
  clientToken?: string | undefined;
  /** See {@link JWTAuthentication}. */
  jwtToken?: string | undefined;
}

/** Authentication with a client token of the Flipt server. */
export interface ClientTokenAuthentication extends AuthenticationStrategy {
  /** The token, sent as `Authorization: Bearer <token>`. */
  clientToken: string;
}

/** Authentication with a JSON web token. */
export interface JWTAuthentication extends AuthenticationStrategy {
  /** The token, sent as `Authorization: JWT <token>`. */
  jwtToken: string;
}

/** How a failed request is repeated before the regular schedule goes on. */
export interface RetryOptions {
  /** Attempts after the first. Default 3; 0 turns retries off. */
  maxRetries?: number | undefined;
  /** Wait before the first retry in milliseconds; it doubles from retry to retry. Default 1,000. */
  baseDelayMs?: number | undefined;
  /** Longest wait in milliseconds. Default 30,000. */
  maxDelayMs?: number | undefined;
  /** Whether waits vary at random, so that a fleet does not retry in step. Default true. */
  jitter?: boolean | undefined;
}

/**
 * How a client is set up. Every option may be left out; `undefined` means left out.
 *
 * Unknown names and values that cannot be used make `FliptClient.init` reject with one `ValidationError` that lists
 * all of them.
 */
export interface ClientOptions {
  /** The environment whose flags are evaluated (Flipt v2). Default `default`. */
  environment?: string | undefined;
  /** The namespace whose flags are evaluated. Default `default`. */
  namespace?: string | undefined;
  /**
   * Where the Flipt server is; may have a path. Only `http` and `https`, without user info. Default
   * `http://localhost:8080`.
   */
  url?: string | undefined;
  /**
   * Seconds between two fetches of flag state, 0.01 to 86,400; each wait varies by 10 %. 0 turns polling off.
   * Default 120.
   */
  updateInterval?: number | undefined;
  /**
   * How the client identifies itself: one credential, or a list for rotation, which is gone through when the server
   * answers 401. The one that works is kept; 403 and 404 change nothing. Default: not at all.
   */
  authentication?: Authentication | readonly Authentication[] | undefined;
  /**
   * Milliseconds for which a replaced credential stays as fallback for its successor, 0 to 86,400,000. Default 300,000.
   */
  credentialGracePeriodMs?: number | undefined;
  /** The reference whose flag state is fetched (Flipt v1). Default: none. */
  reference?: string | undefined;
  /**
   * Flag state to start from: what `getSnapshot()` returned, here or in Flipt's own client. With
   * `ErrorStrategy.Fallback` the client starts from it when the server cannot be reached.
   */
  snapshot?: string | undefined;
  /** Makes the requests in place of the built-in client. Default: the built-in one. */
  fetcher?: IFetcher | undefined;
  /** What happens when flag state cannot be fetched. Default `fail`. */
  errorStrategy?: ErrorStrategy | `${ErrorStrategy}` | undefined;
  /** Called around evaluations. Default: none. */
  hook?: Hook | undefined;
  /** Seconds that one request may take, from connecting to the last byte; fractions allowed. Default 10. */
  requestTimeout?: number | undefined;
  /** Milliseconds that connecting may take. Default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** Milliseconds after which `init` gives up, retries included. Default 10,000. */
  initTimeoutMs?: number | undefined;
  /** How a failed request is repeated. */
  retry?: RetryOptions | undefined;
  /** Largest accepted size of flag state in bytes, decompressed. Default 67,108,864 (64 MiB). */
  maxSnapshotBytes?: number | undefined;
  /**
   * Whose arithmetic splits entities among variants. `auto` recognises the server by its flag state; users of Flipt
   * 2.0 to 2.8 set `v1`. Default `auto`.
   */
  serverCompatibility?: 'auto' | 'v1' | 'v2' | undefined;
  /** Told what the client does. Default: nobody is. */
  logger?: Logger | undefined;
  /** Calls `init` off: it rejects with `FLIPT_INIT_ABORTED` and leaves nothing behind. No effect afterwards. */
  signal?: AbortSignalLike | undefined;
}

/** Makes sets of options. */
// biome-ignore lint/complexity/noStaticOnlyClass: existing code imports it as a class
export class ClientOptionsFactory {
  /** A fresh set of the options that existing code reads from here, with their defaults. */
  static default(): ClientOptions {
    return {
      environment: 'default',
      namespace: 'default',
      url: 'http://localhost:8080',
      reference: '',
      updateInterval: 120,
      errorStrategy: ErrorStrategy.Fail,
    };
  }
}
