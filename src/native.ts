import type { FeatureProblem, NativeError, Tagged } from './errors.js';
import type { LogLevel } from './logger.js';

/** A flag as the addon lists it. */
export interface NativeFlag {
  readonly key: string;
  readonly enabled: boolean;
  readonly type: string;
  readonly description?: string;
}

/** What the addon calls in JavaScript; none of it keeps the process alive. */
export interface Host {
  /** Events wait: take them with `client.takeEvents()`. */
  wake(): void;
  /** The kinds of events that are kept until they are taken. */
  readonly kinds: readonly string[];
  /** Present when a fetcher makes the requests: answer with `client.fetched(id, ...)`. */
  fetch?(id: number, etag: string | null): void;
  /** The request is no longer waited for. */
  abortFetch?(id: number): void;
  /** Calls the credential function of this number: answer with `client.obtainedCredential(id, ...)`. */
  obtainCredential(id: number, source: number, reason: string): void;
  /** The answer is no longer waited for. */
  abortCredential(id: number): void;
  /** The function is not needed any more. */
  releaseCredential(source: number): void;
}

/** What a credential function came to. */
export interface ObtainedCredential {
  token?: string;
  /** Why there is no token. */
  error?: string;
}

/** The state of connection and flags; times are milliseconds since 1970. */
export interface NativeStatus {
  readonly connection:
    | 'connecting'
    | 'streaming'
    | 'polling'
    | 'reconnecting'
    | 'offline'
    | 'closed';
  readonly pollingActive: boolean;
  readonly streamSupported?: boolean;
  readonly attempt: number;
  readonly nextAttemptAt?: number;
  readonly lastSuccessAt?: number;
  readonly lastError?: NativeError;
  readonly stale: boolean;
  readonly source: string;
  readonly digest?: string;
  readonly flagCount: number;
  readonly snapshotBytes: number;
}

/** A replacement of flag state. */
export interface NativeChange {
  readonly added: string[];
  readonly removed: string[];
  readonly modified: string[];
  readonly digest?: string;
  readonly source: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/** Something that happened. */
export type NativeEvent =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string }
  | { readonly kind: 'change'; readonly change: NativeChange }
  | { readonly kind: 'status'; readonly previous: NativeStatus; readonly current: NativeStatus }
  | { readonly kind: 'error'; readonly error: NativeError }
  | { readonly kind: 'ready' | 'stale' | 'recovered' | 'closed' };

/** What a fetcher's response came to. */
export interface Fetched {
  status?: number;
  etag?: string | undefined;
  contentType?: string | undefined;
  retryAfter?: string | undefined;
  body?: Uint8Array;
  /** Why there is no response; the other fields are left out then. */
  error?: string;
}

/** One answer that a flag can give, but for the subset of `segments` that matched. */
export interface NativeOutcome {
  readonly on: boolean;
  readonly reason: string;
  readonly variantKey: string;
  readonly variantAttachment: string;
  readonly segments: readonly string[];
  /** The reason in the words of OpenFeature. */
  readonly why: string;
  /** The rule or rollout that decides. */
  readonly ruleId?: string;
}

/** What JavaScript needs to know to ask about one flag of one generation. */
export interface NativePlan {
  readonly flagKey: string;
  readonly generationLow: number;
  readonly generationHigh: number;
  /** Why the flag cannot be evaluated. The other fields are empty then. */
  readonly error?: NativeError;
  readonly kind: 'boolean' | 'variant' | 'unknown';
  readonly position: number;
  readonly keys: readonly string[];
  readonly outcomes: readonly NativeOutcome[];
  /** The flag has more keys or segments than a frame answers for. */
  readonly slow: boolean;
  /** Whether an answer can depend on the entity's id. */
  readonly needsEntity: boolean;
  /** The digest of the flag state, empty without one. */
  readonly digest: string;
}

/** An answer of the slow path. */
export interface NativeAnswer {
  readonly kind: 'boolean' | 'variant' | 'error';
  readonly on: boolean;
  readonly reason: string;
  readonly variantKey: string;
  readonly variantAttachment: string;
  readonly segmentKeys: string[];
  readonly durationNanos: number;
  /** For `error`: its code. */
  readonly code?: string;
  /** For `error`: its message. */
  readonly message?: string;
  readonly why: string;
  readonly ruleId?: string;
  readonly needsEntity: boolean;
}

/** The answers of a batch, one for each request, and what the flag state was. */
export interface NativeBatch {
  readonly answers: NativeAnswer[];
  readonly durationNanos: number;
  readonly digest: string;
  readonly stale: boolean;
}

/** A request of the slow path: keys and values side by side. */
export interface NativeRequest {
  readonly flagKey: string;
  readonly entityId: string;
  readonly keys: readonly string[];
  readonly values: readonly string[];
}

/** The raw callback of an evaluator and the buffer that it reads and writes. */
export interface NativeEvaluator {
  readonly buffer: ArrayBuffer;
  readonly call: () => void;
  /** The number of the layout that the addon reads and writes. */
  readonly layout: number;
}

/** A call that has not settled yet. */
export interface NativeCall {
  /** It settles no more and keeps the process alive no longer. */
  abandon(): void;
}

/** The addon's side of one client. */
export interface NativeClient {
  /** Settles when the first load has ended; keeps the process alive until then, as the next five do. */
  ready(settle: (result: Tagged<boolean>) => void): NativeCall;
  waitReady(settle: (result: Tagged<boolean>) => void, timeoutMs?: number): NativeCall;
  refresh(settle: (result: Tagged<boolean>) => void): NativeCall;
  reconnect(settle: (result: Tagged<boolean>) => void): NativeCall;
  setOffline(settle: (result: Tagged<boolean>) => void, offline: boolean): NativeCall;
  close(settle: (result: Tagged<boolean>) => void): NativeCall;
  /** The part of closing that takes effect at once. */
  shutDown(): void;
  namespace(): string;
  status(): NativeStatus;
  /** Whether there is flag state. */
  isReady(): boolean;
  /** The events that wait: those of these kinds, in order; the others are dropped. */
  takeEvents(kinds: readonly string[]): NativeEvent[];
  listFlags(): Tagged<NativeFlag[]>;
  exportSnapshot(): Tagged<string>;
  /** An explanation as JSON text. */
  explain(request: NativeRequest): Tagged<string>;
  fetched(id: number, result: Fetched): void;
  obtainedCredential(id: number, answer: ObtainedCredential): void;
  /** Takes effect with the next request. */
  updateAuthentication(authenticationJson: string): Tagged<boolean>;
  /** A further handle, unless the options name another client. */
  another(
    optionsJson: string,
    wake: () => void,
    kinds: readonly string[],
  ): Tagged<NativeClient | undefined>;
  /** Puts flags in force on a client that was started offline; whether one may answer differently. */
  install(entriesJson: string): Tagged<boolean>;
  createEvaluator(bytes: number): NativeEvaluator;
  plan(flagKey: string): Tagged<NativePlan>;
  /** The plans of all flags, in the order of the flag state. */
  plans(): Tagged<NativePlan[]>;
  evaluate(kind: 'boolean' | 'variant', request: NativeRequest): Tagged<NativeAnswer>;
  evaluateBatch(requests: readonly NativeRequest[]): Tagged<NativeBatch>;
  /** Evaluates flags for one entity and context, which `request` has; its own flag does not count. */
  evaluateEach(flagKeys: readonly string[], request: NativeRequest): Tagged<NativeBatch>;
}

/** What feature files hold, and what is wrong with them. */
export interface NativeFeatures {
  readonly files: number;
  readonly namespaces: readonly { readonly key: string; readonly flags: number }[];
  readonly problems: readonly FeatureProblem[];
  readonly warnings: readonly FeatureProblem[];
}

/** The addon. */
export interface NativeAddon {
  version(): string;
  /** Every error code with the name of its class. */
  codes(): [code: string, className: string][];
  /** The names of the environment variables that clients heed. */
  environmentNames(): string[];
  /** Reads and checks the feature files at a path. */
  validateFeatures(path: string): Tagged<NativeFeatures>;
  /** The snapshot of one namespace of a features document, as JSON text. */
  convertFeatures(text: string, namespace: string): Tagged<string>;
  /** Validates the options and starts the client; `environment` holds those variables. */
  createClient(
    optionsJson: string,
    host: Host,
    environment: Readonly<Record<string, string>>,
  ): Tagged<NativeClient>;
  /** The same on the client of these options that runs in this process already, if there is one. */
  shareClient: NativeAddon['createClient'];
}
