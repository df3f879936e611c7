// What users of flipt-native can name, and what that is made of, without comments. Written by
// npm run api:report, compared by npm run lint: a difference is a change of the interface.

// dist/index.d.ts

export {
  ClientOptionsFactory,
  ErrorStrategy,
  EvaluationError,
  FliptClient,
  FliptError,
  InitializationError,
  NetworkError,
  SecurityError,
  ValidationError,
  getValueAsString,
  optionsFromEnvironment,
  readFlagsState,
  validateFeatures,
  type AbortSignalLike,
  type AfterEvaluation,
  type Authentication,
  type AuthenticationStrategy,
  type BaseFliptClient,
  type BatchEvaluationResponse,
  type BatchResult,
  type BeforeEvaluation,
  type BooleanEvaluationResponse,
  type BooleanFlagKey,
  type BooleanResult,
  type CacheOptions,
  type CallOptions,
  type CancelSignal,
  type ChangeEvent,
  type ChangeKind,
  type ChangeMessage,
  type ClientEvents,
  type ClientOptions,
  type ClientStatus,
  type ClientTokenAuthentication,
  type ConnectedClient,
  type ConnectionState,
  type ContextAttribute,
  type ContextValue,
  type CredentialRequest,
  type DetailsErrorCode,
  type DetailsReason,
  type Environment,
  type ErrorEvaluationReason,
  type ErrorEvaluationResponse,
  type EvaluatedDetails,
  type EvaluationCall,
  type EvaluationContext,
  type EvaluationDetails,
  type EvaluationHook,
  type EvaluationKind,
  type EvaluationMessage,
  type EvaluationReason,
  type EvaluationRequest,
  type EvaluationResponse,
  type EvaluationResponseType,
  type ExplainedAnswer,
  type ExplainedConstraint,
  type ExplainedRule,
  type ExplainedSegment,
  type ExplainedShare,
  type ExplainedSplit,
  type ExplainedThreshold,
  type Explanation,
  type FeatureNamespace,
  type FeatureProblem,
  type FeatureReport,
  type Flag,
  type FlagAttachment,
  type FlagChangeEvent,
  type FlagContext,
  type FlagKey,
  type FlagSource,
  type FlagState,
  type FlagType,
  type FlagValue,
  type FlagValues,
  type FlagVariant,
  type FlagsState,
  type FlagsStateReader,
  type FliptErrorCode,
  type FliptErrorDetails,
  type FliptErrorInit,
  type Hook,
  type IFetcher,
  type IFetcherOptions,
  type JWTAuthentication,
  type KubernetesAuthentication,
  type ListFlagsResult,
  type ListenOptions,
  type Logger,
  type NumberFlagKey,
  type ObjectFlagKey,
  type PlainValue,
  type PlainValues,
  type Problem,
  type Response,
  type Result,
  type RetryOptions,
  type Selection,
  type SourceOptions,
  type StatusEvent,
  type StringFlagKey,
  type SyncEvent,
  type SyncMessage,
  type TlsConfig,
  type TokenAuthentication,
  type TokenSource,
  type VariantEvaluationResponse,
  type VariantResult,
  type WaitOptions,
  type Widened,
} from './core.js';

// dist/testing.d.ts

export {
  FlagBuilder,
  createTestClient,
  flag,
  overrideFlags,
  type Comparable,
  type Conditions,
  type FlagDefinition,
  type RecordedEvaluation,
  type SegmentDefinition,
  type Test,
  type TestClient,
  type TestClientOptions,
  type TestFlag,
  type TestFlags,
  type TestRecords,
  type TestValue,
  type Testing,
} from './core.js';

// dist/openfeature.d.ts

import type { AnyProviderEvent, EvaluationContext, Hook, JsonValue, Provider, ProviderEventEmitter, ProviderMetadata, ResolutionDetails } from '@openfeature/server-sdk';

import type { ClientOptions, FliptClient } from './core.js';

export interface FliptFlagMetadata {
    flagSetId: string;
    version?: string;
    segments?: string;
    attachment?: string;
}

export declare class FliptProvider implements Provider {
    #private;
    readonly metadata: ProviderMetadata;
    readonly runsOn = "server";
    readonly events: ProviderEventEmitter<AnyProviderEvent>;
    readonly hooks: Hook[];
    constructor(clientOrOptions?: FliptClient | ClientOptions);
    get client(): FliptClient | undefined;
    initialize(): Promise<void>;
    onClose(): Promise<void>;
    resolveBooleanEvaluation(flagKey: string, defaultValue: boolean, context: EvaluationContext): Promise<ResolutionDetails<boolean>>;
    resolveStringEvaluation(flagKey: string, defaultValue: string, context: EvaluationContext): Promise<ResolutionDetails<string>>;
    resolveNumberEvaluation(flagKey: string, defaultValue: number, context: EvaluationContext): Promise<ResolutionDetails<number>>;
    resolveObjectEvaluation<T extends JsonValue>(flagKey: string, defaultValue: T, context: EvaluationContext): Promise<ResolutionDetails<T>>;
}

// dist/core.d.ts

declare global {
    interface FliptNativeFlags {
    }
}

export interface AbortSignalLike {
    readonly aborted: boolean;
    readonly reason?: any;
    addEventListener(type: 'abort', listener: () => void, options?: {
        once?: boolean;
    }): void;
    removeEventListener(type: 'abort', listener: () => void): void;
}

export interface AfterEvaluation {
    flagKey: string;
    flagType: string;
    value: string;
    reason: string;
    segmentKeys: string[];
}

interface Audience {
    readonly name: string | undefined;
    readonly constraints: readonly Constraint[];
}

export type Authentication = AuthenticationStrategy | TokenAuthentication | KubernetesAuthentication;

export interface AuthenticationStrategy {
    clientToken?: string | undefined;
    jwtToken?: string | undefined;
}

export interface BaseFliptClient {
    evaluateBoolean(request: EvaluationRequest): BooleanEvaluationResponse;
    evaluateVariant(request: EvaluationRequest): VariantEvaluationResponse;
    evaluateBatch(requests: readonly EvaluationRequest[]): BatchEvaluationResponse;
    listFlags(): Flag[];
    getSnapshot(): string;
    refresh(options?: CallOptions): Promise<boolean>;
}

export interface BatchEvaluationResponse {
    responses: EvaluationResponse[];
    requestDurationMillis: number;
}

export interface BatchResult extends Result<BatchEvaluationResponse> {
}

export interface BeforeEvaluation {
    flagKey: string;
}

export interface BooleanEvaluationResponse {
    enabled: boolean;
    flagKey: string;
    reason: EvaluationReason;
    requestDurationMillis: number;
    timestamp: string;
    segmentKeys: string[];
}

export type BooleanFlagKey = [
    Known
] extends [
    never
] ? string : KeyWith<'boolean'>;

export interface BooleanResult extends Result<BooleanEvaluationResponse> {
}

export interface CacheOptions {
    path: string;
    maxAgeMs?: number | undefined;
}

export interface CallOptions {
    signal?: AbortSignalLike | undefined;
}

export type CancelSignal = typeof globalThis extends {
    AbortSignal: {
        prototype: infer Signal;
    };
} ? Signal : AbortSignalLike;

export interface ChangeEvent {
    readonly flagKeys: readonly string[];
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly modified: readonly string[];
    readonly digest: string | undefined;
    readonly source: FlagSource;
    readonly at: Date;
}

export type ChangeKind = 'added' | 'removed' | 'modified';

export interface ChangeMessage extends ChangeEvent {
    readonly namespace: string;
}

export interface ClientEvents {
    ready: [
    ];
    change: [
        change: ChangeEvent
    ];
    status: [
        event: StatusEvent
    ];
    stale: [
    ];
    recovered: [
    ];
    error: [
        error: FliptError
    ];
    closed: [
    ];
}

export interface ClientOptions {
    environment?: string | undefined;
    namespace?: string | undefined;
    url?: string | undefined;
    updateInterval?: number | undefined;
    authentication?: Authentication | readonly Authentication[] | undefined;
    credentialGracePeriodMs?: number | undefined;
    reference?: string | undefined;
    snapshot?: string | undefined;
    fetcher?: IFetcher | undefined;
    errorStrategy?: ErrorStrategy | `${ErrorStrategy}` | undefined;
    hook?: Hook | undefined;
    hooks?: readonly EvaluationHook[] | undefined;
    requestTimeout?: number | undefined;
    connectTimeoutMs?: number | undefined;
    initTimeoutMs?: number | undefined;
    retry?: RetryOptions | undefined;
    fetchMode?: 'polling' | 'streaming' | undefined;
    streamIdleTimeoutMs?: number | undefined;
    safetyPollIntervalMs?: number | undefined;
    maxStreamRetries?: number | undefined;
    staleAfterMs?: number | undefined;
    tlsConfig?: TlsConfig | undefined;
    proxy?: string | false | undefined;
    cache?: CacheOptions | undefined;
    offline?: boolean | undefined;
    bootstrap?: PlainValues | string | undefined;
    localPort?: number | undefined;
    allowLocalPortInProduction?: boolean | undefined;
    overrides?: PlainValues | string | undefined;
    allowOverridesInProduction?: boolean | undefined;
    source?: SourceOptions | undefined;
    maxSnapshotBytes?: number | undefined;
    serverCompatibility?: 'auto' | 'v1' | 'v2' | undefined;
    logger?: Logger | undefined;
    onReady?: (() => void) | undefined;
    onUpdate?: ((change: ChangeEvent) => void) | undefined;
    onError?: ((error: FliptError) => void) | undefined;
    signal?: AbortSignalLike | undefined;
}

export declare class ClientOptionsFactory {
    static default(): ClientOptions;
}

export interface ClientStatus {
    readonly connection: ConnectionState;
    readonly pollingActive: boolean;
    readonly streamSupported: boolean | undefined;
    readonly attempt: number;
    readonly nextAttemptAt: Date | undefined;
    readonly lastSuccessAt: Date | undefined;
    readonly lastError: FliptError | undefined;
    readonly stale: boolean;
    readonly source: FlagSource;
    readonly digest: string | undefined;
    readonly flagCount: number;
    readonly snapshotBytes: number;
}

export interface ClientTokenAuthentication extends AuthenticationStrategy {
    clientToken: string;
}

export type Comparable = string | number | boolean | Date;

export interface Conditions {
    readonly [attribute: string]: Comparable | readonly string[] | readonly number[] | Test | undefined;
}

export declare class ConnectedClient extends FlagValues {
    #private;
    get isClosed(): boolean;
    setContext(context: FlagContext): void;
    getContext(): FlagContext;
    clearContext(): void;
    identify(targetingKey: string, attributes?: FlagContext): void;
    reset(): void;
    refresh(options?: CallOptions): Promise<boolean>;
    reconnect(options?: CallOptions): Promise<void>;
    setOffline(offline: boolean): Promise<void>;
    waitForReady(options?: WaitOptions): Promise<void>;
    get isReady(): boolean;
    get status(): ClientStatus;
    on<Name extends keyof ClientEvents>(event: Name, listener: (...args: ClientEvents[Name]) => void, options?: ListenOptions): () => void;
    once<Name extends keyof ClientEvents>(event: Name, listener: (...args: ClientEvents[Name]) => void, options?: ListenOptions): () => void;
    off<Name extends keyof ClientEvents>(event: Name, listener: (...args: ClientEvents[Name]) => void): void;
    onFlagChange(flagKey: string, listener: (change: FlagChangeEvent) => void, options?: ListenOptions): () => void;
    changes(options?: CallOptions): AsyncIterableIterator<ChangeEvent>;
    updateAuthentication(authentication: Authentication | readonly Authentication[]): Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    [Symbol.dispose](): void;
}

export type ConnectionState = 'connecting' | 'streaming' | 'polling' | 'reconnecting' | 'offline' | 'closed';

export interface Constraint {
    readonly type: string;
    readonly property: string;
    readonly operator: string;
    readonly value: string;
}

export type ContextAttribute = string | number | boolean | bigint | Date | null | undefined | object;

export type ContextValue = string | number | boolean | bigint | null | undefined;

export interface CredentialRequest {
    readonly reason: 'initial' | 'unauthorized' | 'expiring' | (string & {});
    readonly signal: CancelSignal;
}

type Declared<Key, Kind extends string, Otherwise> = Key extends Known ? FliptNativeFlags[Key] extends {
    readonly [Has in Kind]: infer Type;
} ? Type : never : Otherwise;

export type DetailsErrorCode = 'PROVIDER_NOT_READY' | 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | 'TYPE_MISMATCH' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL' | 'CLIENT_CLOSED';

export type DetailsReason = 'TARGETING_MATCH' | 'SPLIT' | 'DEFAULT' | 'STATIC' | 'DISABLED' | 'ERROR';

export type Environment = Readonly<Record<string, string | undefined>>;

export type ErrorEvaluationReason = 'NOT_FOUND_ERROR_EVALUATION_REASON' | 'UNKNOWN_ERROR_EVALUATION_REASON' | (string & {});

export interface ErrorEvaluationResponse {
    flagKey: string;
    namespaceKey: string;
    reason: ErrorEvaluationReason;
}

export declare enum ErrorStrategy {
    Fail = "fail",
    Fallback = "fallback"
}

export interface EvaluatedDetails extends Readonly<Omit<EvaluationDetails<unknown>, 'segmentKeys'>> {
    readonly segmentKeys: readonly string[];
    readonly durationMs: number;
}

export interface EvaluationCall {
    readonly flagKey: string;
    readonly kind: EvaluationKind;
    readonly defaultValue: unknown;
    readonly context: FlagContext;
}

export type EvaluationContext = Readonly<Record<string, ContextValue>>;

export interface EvaluationDetails<T> {
    flagKey: string;
    value: T;
    variant?: string;
    reason: DetailsReason;
    errorCode?: DetailsErrorCode;
    errorMessage?: string;
    segmentKeys: string[];
    ruleId?: string;
    digest: string;
    stale: boolean;
}

export declare class EvaluationError extends FliptError {
}

export interface EvaluationHook {
    before?(call: EvaluationCall): void;
    after?(call: EvaluationCall, details: EvaluatedDetails): void;
    error?(call: EvaluationCall, details: EvaluatedDetails): void;
    finally?(call: EvaluationCall, details: EvaluatedDetails): void;
}

export type EvaluationKind = 'boolean' | 'string' | 'number' | 'object' | 'variant' | 'any';

export interface EvaluationMessage extends EvaluatedDetails {
    readonly namespace: string;
    readonly kind: EvaluationKind;
}

export type EvaluationReason = 'MATCH_EVALUATION_REASON' | 'DEFAULT_EVALUATION_REASON' | 'FLAG_DISABLED_EVALUATION_REASON' | 'UNKNOWN_EVALUATION_REASON' | (string & {});

export interface EvaluationRequest {
    flagKey: string;
    entityId: string;
    context?: EvaluationContext | undefined;
}

export interface EvaluationResponse {
    type: EvaluationResponseType;
    booleanEvaluationResponse?: BooleanEvaluationResponse;
    variantEvaluationResponse?: VariantEvaluationResponse;
    errorEvaluationResponse?: ErrorEvaluationResponse;
}

export type EvaluationResponseType = 'BOOLEAN_EVALUATION_RESPONSE_TYPE' | 'VARIANT_EVALUATION_RESPONSE_TYPE' | 'ERROR_EVALUATION_RESPONSE_TYPE' | (string & {});

export type ExplainedAnswer = {
    readonly kind: 'boolean';
    readonly enabled: boolean;
    readonly reason: EvaluationReason;
    readonly segmentKeys: readonly string[];
} | {
    readonly kind: 'variant';
    readonly match: boolean;
    readonly reason: EvaluationReason;
    readonly segmentKeys: readonly string[];
    readonly variantKey: string;
    readonly variantAttachment: string;
} | {
    readonly kind: 'error';
    readonly code: string;
    readonly message: string;
};

export interface ExplainedConstraint {
    readonly property: string;
    readonly type: string;
    readonly operator: string;
    readonly value: string;
    readonly actual?: string;
    readonly matched: boolean;
}

export interface ExplainedRule {
    readonly ruleId: string;
    readonly outcome: 'matched' | 'not matched' | 'not reached';
    readonly operator?: 'OR' | 'AND';
    readonly segments: readonly ExplainedSegment[];
    readonly value?: boolean;
    readonly threshold?: ExplainedThreshold;
    readonly split?: ExplainedSplit;
}

export interface ExplainedSegment {
    readonly key: string;
    readonly matchType: 'ALL' | 'ANY';
    readonly matched: boolean;
    readonly constraints: readonly ExplainedConstraint[];
}

export interface ExplainedShare {
    readonly variantKey: string;
    readonly rollout: number;
    readonly from: number;
    readonly to: number;
    readonly hit: boolean;
}

export interface ExplainedSplit {
    readonly bucket: number;
    readonly shares: readonly ExplainedShare[];
}

export interface ExplainedThreshold {
    readonly bucket: number;
    readonly percentage: number;
    readonly matched: boolean;
}

export interface Explanation {
    readonly flagKey: string;
    readonly entityId: string;
    readonly namespaceKey: string;
    readonly digest: string;
    readonly type?: FlagType;
    readonly enabled?: boolean;
    readonly arithmetic: 'v1' | 'v2';
    readonly rules: readonly ExplainedRule[];
    readonly decidedBy?: string;
    readonly answer: ExplainedAnswer;
}

export interface FeatureNamespace {
    readonly key: string;
    readonly flags: number;
}

export interface FeatureProblem {
    readonly file: string;
    readonly line?: number;
    readonly column?: number;
    readonly field: string;
    readonly reason: string;
    readonly received?: undefined;
    readonly allowed?: undefined;
}

export interface FeatureReport {
    readonly files: number;
    readonly namespaces: readonly FeatureNamespace[];
    readonly flags: number;
    readonly problems: readonly FeatureProblem[];
    readonly warnings: readonly FeatureProblem[];
}

export interface Flag {
    key: string;
    enabled: boolean;
    type: FlagType;
    description?: string;
}

export type FlagAttachment<Key extends FlagKey> = Declared<Key, 'object', object>;

export declare class FlagBuilder {
    #private;
    constructor(state: State);
    get key(): string;
    on(): FlagBuilder;
    off(): FlagBuilder;
    variation(key: string, value?: PlainValue): FlagBuilder;
    split(shares: Readonly<Record<string, number>>): FlagBuilder;
    attach(key: string, value: PlainValue): FlagBuilder;
    when(...alternatives: readonly [
        Conditions,
        ...Conditions[]
    ]): FlagBuilder;
    segment(name: string, conditions: Conditions): FlagBuilder;
    rollout(percent: number): FlagBuilder;
    disabled(): FlagBuilder;
    definition(): FlagDefinition;
}

export interface FlagChangeEvent {
    readonly flagKey: string;
    readonly kind: ChangeKind;
    readonly digest: string | undefined;
    readonly source: FlagSource;
    readonly at: Date;
}

export interface FlagContext {
    readonly targetingKey?: string | undefined;
    readonly [attribute: string]: ContextAttribute;
}

export interface FlagDefinition {
    readonly key: string;
    readonly type: 'BOOLEAN_FLAG_TYPE' | 'VARIANT_FLAG_TYPE';
    readonly enabled: boolean;
    readonly defaultVariant?: {
        readonly id: string;
        readonly key: string;
        readonly attachment?: string;
    };
    readonly rules?: readonly {
        readonly id: string;
        readonly rank: number;
        readonly segmentOperator: 'OR_SEGMENT_OPERATOR';
        readonly segments: readonly SegmentDefinition[];
        readonly distributions: readonly {
            readonly ruleId: string;
            readonly variantKey: string;
            readonly variantAttachment?: string;
            readonly rollout: number;
        }[];
    }[];
    readonly rollouts?: readonly {
        readonly type: 'SEGMENT_ROLLOUT_TYPE' | 'THRESHOLD_ROLLOUT_TYPE';
        readonly rank: number;
        readonly segment?: {
            readonly value: boolean;
            readonly segmentOperator: 'OR_SEGMENT_OPERATOR';
            readonly segments: readonly SegmentDefinition[];
        };
        readonly threshold?: {
            readonly percentage: number;
            readonly value: boolean;
        };
    }[];
}

export type FlagKey = [
    Known
] extends [
    never
] ? string : Known;

export type FlagSource = 'none' | 'server' | 'snapshot' | 'bootstrap' | 'cache' | 'file' | 'empty' | (string & {});

export interface FlagState {
    readonly value?: FlagValue;
    readonly variant?: string;
    readonly reason: DetailsReason;
}

export type FlagType = 'BOOLEAN_FLAG_TYPE' | 'VARIANT_FLAG_TYPE' | (string & {});

export type FlagValue = boolean | string | number | object;

export declare class FlagValues {
    #private;
    getBooleanValue(flagKey: BooleanFlagKey, defaultValue: boolean, context?: FlagContext): boolean;
    getBooleanDetails(flagKey: BooleanFlagKey, defaultValue: boolean, context?: FlagContext): EvaluationDetails<boolean>;
    getStringValue(flagKey: StringFlagKey, defaultValue: string, context?: FlagContext): string;
    getStringDetails(flagKey: StringFlagKey, defaultValue: string, context?: FlagContext): EvaluationDetails<string>;
    getNumberValue(flagKey: NumberFlagKey, defaultValue: number, context?: FlagContext): number;
    getNumberDetails(flagKey: NumberFlagKey, defaultValue: number, context?: FlagContext): EvaluationDetails<number>;
    getObjectValue<T extends object>(flagKey: ObjectFlagKey, defaultValue: T, context?: FlagContext): T;
    getObjectDetails<T extends object>(flagKey: ObjectFlagKey, defaultValue: T, context?: FlagContext): EvaluationDetails<T>;
    variation<T>(flagKey: FlagKey, context: FlagContext | null | undefined, defaultValue: T): Widened<T>;
    variationDetail<T>(flagKey: FlagKey, context: FlagContext | null | undefined, defaultValue: T): EvaluationDetails<Widened<T>>;
    evaluateFlag(flagKey: FlagKey, context?: FlagContext): EvaluationDetails<FlagValue | undefined> | undefined;
    evaluateAll(context?: FlagContext, selection?: Selection): Record<string, EvaluationDetails<FlagValue | undefined>>;
    allFlagsState(context?: FlagContext, selection?: Selection): FlagsState;
    explain(flagKey: FlagKey, context?: FlagContext): Explanation;
    hasFlag(flagKey: string): boolean;
    getAllFlagKeys(): string[];
    withContext(context: FlagContext): FlagValues;
    runWithContext<T>(context: FlagContext, body: () => T): T;
}

export type FlagVariant<Key extends FlagKey> = Declared<Key, 'string', string>;

export type FlagsOf<Client> = Client extends {
    readonly testing: Testing<infer Flags>;
} ? Flags : TestFlags;

export interface FlagsState {
    readonly version: 1;
    readonly digest: string;
    readonly flags: Readonly<Record<string, FlagState>>;
}

export interface FlagsStateReader {
    readonly digest: string;
    getBooleanValue(flagKey: string, defaultValue: boolean): boolean;
    getStringValue(flagKey: string, defaultValue: string): string;
    getNumberValue(flagKey: string, defaultValue: number): number;
    getObjectValue<T extends object>(flagKey: string, defaultValue: T): T;
    hasFlag(flagKey: string): boolean;
    getAllFlagKeys(): string[];
}

export declare class FliptClient extends ConnectedClient implements BaseFliptClient {
    #private;
    static init(options?: ClientOptions): Promise<FliptClient>;
    static shared(options?: ClientOptions): Promise<FliptClient>;
    static forTesting<Flags extends TestFlags = TestFlags>(options?: TestClientOptions<Flags>): TestClient<Flags>;
    private constructor();
    evaluateBoolean(request: EvaluationRequest): BooleanEvaluationResponse;
    evaluateVariant(request: EvaluationRequest): VariantEvaluationResponse;
    evaluateBatch(requests: readonly EvaluationRequest[]): BatchEvaluationResponse;
    addHook(hook: EvaluationHook): void;
    removeHook(hook: EvaluationHook): void;
    listFlags(): Flag[];
    getSnapshot(): string;
    get testing(): TestRecords;
    setTestValue<Key extends string>(flagKey: Key, value: TestValue<FlagsOf<this>, Key>): void;
    removeTestValue(flagKey: string): void;
    reset(): void;
}

export declare class FliptError extends Error {
    readonly code: FliptErrorCode;
    readonly retryable: boolean;
    readonly details: FliptErrorDetails;
    constructor(message: string, init: FliptErrorInit);
    static is(value: unknown): value is FliptError;
    toJSON(): Record<string, unknown>;
}

export type FliptErrorCode = 'FLIPT_ARGUMENT_INVALID' | 'FLIPT_CALL_ABORTED' | 'FLIPT_CLIENT_CLOSED' | 'FLIPT_CLIENT_NOT_READY' | 'FLIPT_CONNECTION_FAILED' | 'FLIPT_CONTEXT_INVALID' | 'FLIPT_CREDENTIAL_FAILED' | 'FLIPT_DNS_FAILED' | 'FLIPT_FETCHER_FAILED' | 'FLIPT_FLAG_INVALID' | 'FLIPT_FLAG_NOT_FOUND' | 'FLIPT_FLAG_TYPE_MISMATCH' | 'FLIPT_INIT_ABORTED' | 'FLIPT_INIT_TIMEOUT' | 'FLIPT_INTERNAL_PANIC' | 'FLIPT_NAMESPACE_NOT_FOUND' | 'FLIPT_NATIVE_LOAD' | 'FLIPT_OPTION_INVALID' | 'FLIPT_PROXY_FAILED' | 'FLIPT_REDIRECT_REFUSED' | 'FLIPT_REQUEST_TIMEOUT' | 'FLIPT_RESPONSE_INVALID' | 'FLIPT_RESPONSE_TOO_LARGE' | 'FLIPT_RESPONSE_UNEXPECTED' | 'FLIPT_SERVER_FAILED' | 'FLIPT_SERVER_FORBIDDEN' | 'FLIPT_SERVER_RATE_LIMITED' | 'FLIPT_SERVER_UNAUTHENTICATED' | 'FLIPT_SNAPSHOT_INVALID' | 'FLIPT_SNAPSHOT_MISMATCH' | 'FLIPT_SNAPSHOT_UNSUPPORTED' | 'FLIPT_SOURCE_INVALID' | 'FLIPT_STREAM_FAILED' | 'FLIPT_TLS_FAILED';

export interface FliptErrorDetails {
    readonly problems?: readonly (Problem | FeatureProblem)[];
    readonly status?: number;
}

export interface FliptErrorInit {
    readonly code: FliptErrorCode;
    readonly retryable?: boolean;
    readonly details?: FliptErrorDetails;
    readonly cause?: unknown;
}

export interface Hook {
    before(data: BeforeEvaluation): void;
    after(data: AfterEvaluation): void;
}

export type IFetcher = (options?: IFetcherOptions) => Promise<Response>;

export interface IFetcherOptions {
    etag?: string;
    signal?: CancelSignal;
}

export declare class InitializationError extends FliptError {
}

export interface JWTAuthentication extends AuthenticationStrategy {
    jwtToken: string;
}

type KeyWith<Kind extends string> = {
    [Key in Known]: FliptNativeFlags[Key] extends {
        readonly [Has in Kind]: unknown;
    } ? Key : never;
}[Known];

type Known = keyof FliptNativeFlags;

export interface KubernetesAuthentication {
    kubernetes: {
        tokenPath?: string | undefined;
    };
}

export interface ListFlagsResult extends Result<Flag[]> {
}

export interface ListenOptions {
    signal?: AbortSignalLike | undefined;
}

export interface Logger {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
}

export declare class NetworkError extends FliptError {
}

export type NumberFlagKey = [
    Known
] extends [
    never
] ? string : KeyWith<'number'>;

export type ObjectFlagKey = [
    Known
] extends [
    never
] ? string : KeyWith<'object'>;

export type PlainValue = boolean | string | number | {
    readonly [name: string]: unknown;
} | readonly unknown[];

export type PlainValues = Readonly<Record<string, PlainValue>>;

export interface Problem {
    readonly field: string;
    readonly received: string;
    readonly allowed: string;
    readonly suggestion?: string;
    readonly file?: undefined;
    readonly line?: undefined;
    readonly column?: undefined;
    readonly reason?: undefined;
}

export interface RecordedEvaluation {
    readonly flagKey: string;
    readonly context: FlagContext;
    readonly defaultValue: unknown;
    readonly value: unknown;
    readonly variant: string | undefined;
    readonly reason: DetailsReason | (string & {});
    readonly errorCode: DetailsErrorCode | (string & {}) | undefined;
}

export interface Response {
    ok: boolean;
    status: number;
    statusText: string;
    headers: {
        get(name: string): string | null;
    };
    arrayBuffer?(): Promise<ArrayBuffer>;
    text?(): Promise<string>;
    json(): Promise<any>;
}

export interface Result<T> {
    status: string;
    result?: T;
    errorMessage: string;
}

export interface RetryOptions {
    maxRetries?: number | undefined;
    baseDelayMs?: number | undefined;
    maxDelayMs?: number | undefined;
    jitter?: boolean | undefined;
}

export declare class SecurityError extends FliptError {
}

export interface SegmentDefinition {
    readonly key: string;
    readonly matchType: 'ALL_SEGMENT_MATCH_TYPE';
    readonly constraints: readonly Constraint[];
}

export interface Selection {
    readonly keys?: readonly string[] | undefined;
    readonly prefix?: string | undefined;
}

interface Serving {
    readonly what: boolean | ReadonlyMap<string, number>;
    readonly audiences: readonly Audience[];
    readonly percentage: number | undefined;
}

export interface SourceOptions {
    path: string;
    watch?: boolean | undefined;
    namespace?: string | undefined;
}

interface State {
    readonly key: string;
    readonly enabled: boolean;
    readonly servings: readonly Serving[];
    readonly attachments: ReadonlyMap<string, string>;
}

export interface StatusEvent {
    readonly previous: ClientStatus;
    readonly current: ClientStatus;
}

export type StringFlagKey = [
    Known
] extends [
    never
] ? string : KeyWith<'string'>;

export type SyncEvent = {
    readonly event: 'ready' | 'stale' | 'recovered' | 'closed';
} | {
    readonly event: 'status';
    readonly previous: ClientStatus;
    readonly current: ClientStatus;
} | {
    readonly event: 'error';
    readonly error: FliptError;
};

export type SyncMessage = SyncEvent & {
    readonly namespace: string;
};

export interface Test {
    readonly eq?: Comparable;
    readonly neq?: Comparable;
    readonly gt?: number | Date;
    readonly gte?: number | Date;
    readonly lt?: number | Date;
    readonly lte?: number | Date;
    readonly in?: readonly string[] | readonly number[];
    readonly notIn?: readonly string[] | readonly number[];
    readonly prefix?: string;
    readonly suffix?: string;
    readonly contains?: string;
    readonly notContains?: string;
    readonly present?: boolean;
}

export type TestClient<Flags = TestFlags> = FliptClient & {
    readonly testing: Testing<Flags>;
};

export interface TestClientOptions<Flags = TestFlags> extends Pick<ClientOptions, 'namespace' | 'logger' | 'hook' | 'hooks' | 'onReady' | 'onUpdate' | 'onError'> {
    readonly flags?: Flags | undefined;
    readonly maxEvaluations?: number | undefined;
}

export type TestFlag = PlainValue | FlagBuilder;

export type TestFlags = Readonly<Record<string, TestFlag>>;

export interface TestRecords {
    readonly evaluations: readonly RecordedEvaluation[];
    clearEvaluations(): void;
    resetFlags(): void;
}

export type TestValue<Flags, Key> = Key extends keyof Flags ? Flags[Key] extends FlagBuilder ? TestFlag : Widened<Flags[Key]> | FlagBuilder : TestFlag;

export interface Testing<Flags = TestFlags> extends TestRecords {
    overrideFlags<T>(flags: {
        readonly [Key in keyof Flags]?: TestValue<Flags, Key>;
    } & TestFlags, body: () => T): T;
}

export interface TlsConfig {
    caCertFile?: string | undefined;
    caCertData?: string | undefined;
    insecureSkipVerify?: boolean | undefined;
    insecureSkipHostnameVerify?: boolean | undefined;
    clientCertFile?: string | undefined;
    clientKeyFile?: string | undefined;
    clientCertData?: string | undefined;
    clientKeyData?: string | undefined;
}

export interface TokenAuthentication {
    clientToken?: TokenSource | undefined;
    jwtToken?: TokenSource | undefined;
}

export type TokenSource = string | ((request: CredentialRequest) => string | Promise<string>);

export declare class ValidationError extends FliptError {
}

export interface VariantEvaluationResponse {
    match: boolean;
    segmentKeys: string[];
    reason: EvaluationReason;
    flagKey: string;
    variantKey: string;
    variantAttachment: string;
    requestDurationMillis: number;
    timestamp: string;
}

export interface VariantResult extends Result<VariantEvaluationResponse> {
}

export interface WaitOptions extends CallOptions {
    timeoutMs?: number | undefined;
}

export type Widened<T> = T extends boolean ? boolean : T extends string ? string : T extends number ? number : T extends null | undefined ? boolean | string | number | object | T : T;

export declare function createTestClient<Flags extends TestFlags = TestFlags>(options?: TestClientOptions<Flags>): TestClient<Flags>;

export declare function flag(key: string): FlagBuilder;

export declare function getValueAsString(details: {
    readonly value: unknown;
}): string;

export declare function optionsFromEnvironment(env?: Environment): ClientOptions;

export declare function overrideFlags<T>(flags: TestFlags, body: () => T): T;

export declare function readFlagsState(state: FlagsState | string): FlagsStateReader;

export declare function validateFeatures(path: string): FeatureReport;
