import type { ChangeEvent } from './changes.js';
import type { KubernetesAuthentication, TokenAuthentication } from './credentials.js';
import type { FliptError } from './errors.js';
import type { EvaluationHook } from './evaluation-hook.js';
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

/** Whom a client trusts over TLS, and how it shows who it is. Where both are given, data wins over a file. */
export interface TlsConfig {
  /**
   * A PEM file of certificates that are trusted beside the usual ones: the system's, bundled ones, and those that the
   * environment variables `NODE_EXTRA_CA_CERTS` and `SSL_CERT_FILE` name.
   */
  caCertFile?: string | undefined;
  /** The same as PEM text. */
  caCertData?: string | undefined;
  /** Trusts whatever certificate the server shows; the `logger` is warned. Default false. */
  insecureSkipVerify?: boolean | undefined;
  /**
   * Accepts a certificate of another host; its chain is checked all the same, and the `logger` is warned. Default false.
   */
  insecureSkipHostnameVerify?: boolean | undefined;
  /** A PEM file with the client's own certificate chain. */
  clientCertFile?: string | undefined;
  /** A PEM file with the key of that certificate, not encrypted. */
  clientKeyFile?: string | undefined;
  /** The client's own certificate chain as PEM text. */
  clientCertData?: string | undefined;
  /** The key of that certificate as PEM text, not encrypted. */
  clientKeyData?: string | undefined;
}

/** Where the last good flag state is kept on disk. */
export interface CacheOptions {
  /** The file. Its folder has to exist; two clients of one identity may share it. */
  path: string;
  /** How old, in milliseconds, its flag state may be to start from it, up to 2,678,400,000. Default any age. */
  maxAgeMs?: number | undefined;
}

/** Feature files in the place of a server. */
export interface SourceOptions {
  /**
   * A feature file, or a folder whose `features.yaml`, `features.yml` and `features.json` are read at any depth below
   * it, as a Flipt server reads a repository: not those directly in the folder, about which the `logger` is warned.
   */
  path: string;
  /**
   * Whether changes are noticed, which takes less than half a second. Otherwise the files are read at the start and by
   * `refresh()`. Default true.
   */
  watch?: boolean | undefined;
  /** The namespace that is evaluated. Default the option `namespace`. */
  namespace?: string | undefined;
}

/**
 * What a flag can be made of, to answer everyone with it: a boolean flag of `true` or `false`; of a text a variant flag
 * whose variant has that key; of a number, an object or an array one whose variant has it as attachment.
 */
export type PlainValue =
  | boolean
  | string
  | number
  | { readonly [name: string]: unknown }
  | readonly unknown[];

/** Plain values by flag key. */
export type PlainValues = Readonly<Record<string, PlainValue>>;

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
  /** Told of evaluations, of typed values as well; see `client.addHook` for later. Default: none. */
  hooks?: readonly EvaluationHook[] | undefined;
  /** Seconds that one request may take, from connecting to the last byte; fractions allowed. Default 10. */
  requestTimeout?: number | undefined;
  /** Milliseconds that connecting may take. Default 5,000. */
  connectTimeoutMs?: number | undefined;
  /** Milliseconds after which `init` gives up, retries included. Default 10,000. */
  initTimeoutMs?: number | undefined;
  /** How a failed request is repeated. */
  retry?: RetryOptions | undefined;
  /**
   * How flag state is kept current: by asking every `updateInterval`, or by a stream that brings each change at once,
   * with polls as its safety net. Streaming cannot be combined with `fetcher`. Default `polling`.
   */
  fetchMode?: 'polling' | 'streaming' | undefined;
  /** Milliseconds of silence after which a stream is opened anew, 1 to 86,400,000. Default 600,000. */
  streamIdleTimeoutMs?: number | undefined;
  /** Milliseconds between two polls beside a healthy stream, 1 to 86,400,000. Default 300,000. */
  safetyPollIntervalMs?: number | undefined;
  /** Failed attempts at a stream, one after the other, before polling joins in, 0 to 1,000. Default 5. */
  maxStreamRetries?: number | undefined;
  /**
   * Milliseconds without an answer of the server after which flag state counts as stale, up to 2,678,400,000. Default
   * three times the polling interval in force (`safetyPollIntervalMs` beside a healthy stream); never with
   * `updateInterval: 0` and no stream.
   */
  staleAfterMs?: number | undefined;
  /** Whom the client trusts over TLS, and how it shows who it is. Default: the usual trust, no certificate. */
  tlsConfig?: TlsConfig | undefined;
  /**
   * URL of an HTTP proxy, which may hold user and password, or `false` for none. Default: what the environment variables
   * `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, in lower or upper case.
   */
  proxy?: string | false | undefined;
  /** Keeps the last good flag state on disk and starts from it. Default: not kept. */
  cache?: CacheOptions | undefined;
  /**
   * Starts without a server: no socket and no thread, ready at once with the flag state of `bootstrap`, else of the file of
   * `cache`, else without flags. `setOffline(false)` begins normal operation. Default false.
   */
  offline?: boolean | undefined;
  /**
   * Flag state to start from: plain values by flag key, of which each answers everyone, or a text: what `getSnapshot()`
   * returned, the JSON of a snapshot, or a document of Flipt's own feature files. It counts as the first load: `init`
   * resolves at once, whatever `errorStrategy` says, and it serves until the server answers. Not together with `snapshot`.
   */
  bootstrap?: PlainValues | string | undefined;
  /**
   * The port of a Flipt server on this machine, in place of `url`: `http://localhost:<localPort>`. Refused where the
   * environment variable `NODE_ENV` is `production`. Default: none.
   */
  localPort?: number | undefined;
  /** Lets `localPort` stand in production, too. Default false. */
  allowLocalPortInProduction?: boolean | undefined;
  /**
   * Values forced upon flags on a developer's machine, whatever flag state comes: plain values by flag key, or the path
   * of a JSON file of up to 4 MiB with such an object. `getSnapshot()` and the cache keep the flag state as it came.
   * Where the environment variable `NODE_ENV` is `production` they do not count, and the `logger` is warned. Default: none.
   */
  overrides?: PlainValues | string | undefined;
  /** Lets `overrides` count in production, too. Default false. */
  allowOverridesInProduction?: boolean | undefined;
  /**
   * Takes flag state from Flipt's own feature files instead of a server. What is about requests has no effect then:
   * `url`, `environment`, `reference`, `authentication`, `updateInterval`, `retry`, `tlsConfig`, `proxy`. Cannot be
   * combined with `fetcher`, `fetchMode: 'streaming'` or `cache`.
   *
   * Files with a mistake anywhere keep the flag state that there is: `error` is raised once, with the code
   * `FLIPT_SOURCE_INVALID` and every mistake with its place in `details.problems`. At the start `init` rejects with it,
   * or with `ErrorStrategy.Fallback` resolves without flag state. Default: a server.
   */
  source?: SourceOptions | undefined;
  /** Largest accepted size of flag state in bytes, decompressed. Default 67,108,864 (64 MiB). */
  maxSnapshotBytes?: number | undefined;
  /**
   * Whose arithmetic splits entities among variants. `auto` recognises the server by its flag state; users of Flipt
   * 2.0 to 2.8 set `v1`. Default `auto`.
   */
  serverCompatibility?: 'auto' | 'v1' | 'v2' | undefined;
  /** Told what the client does. Default: nobody is. */
  logger?: Logger | undefined;
  /**
   * Called when flag state is there for the first time, before `init` resolves where that is what it waits for: a
   * listener of `ready` that is there from the start. Like every listener it keeps the client from being collected, and
   * what it throws is reported to the `logger` alone; so do the next two.
   */
  onReady?: (() => void) | undefined;
  /** Called with every change of flag state: a listener of `change` that is there from the start. */
  onUpdate?: ((change: ChangeEvent) => void) | undefined;
  /** Called with every failure of a request or a stream, also of the first: a listener of `error` from the start. */
  onError?: ((error: FliptError) => void) | undefined;
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
