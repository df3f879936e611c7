// Each documented call, as users of either module system write it. Compiled, never run.
import {
  type Authentication,
  type AuthenticationStrategy,
  type BaseFliptClient,
  type BatchEvaluationResponse,
  type BatchResult,
  type BooleanEvaluationResponse,
  type BooleanResult,
  type CacheOptions,
  type CallOptions,
  type ChangeEvent,
  type ChangeKind,
  type ChangeMessage,
  type ClientEvents,
  type ClientOptions,
  ClientOptionsFactory,
  type ClientStatus,
  type ClientTokenAuthentication,
  type ConnectionState,
  type CredentialRequest,
  type Environment,
  type ErrorEvaluationResponse,
  ErrorStrategy,
  type EvaluatedDetails,
  type EvaluationCall,
  EvaluationError,
  type EvaluationHook,
  type EvaluationKind,
  type EvaluationMessage,
  type EvaluationRequest,
  type EvaluationResponse,
  type Flag,
  type FlagChangeEvent,
  type FlagSource,
  FliptClient,
  FliptError,
  type FliptErrorCode,
  type Hook,
  type IFetcher,
  type IFetcherOptions,
  InitializationError,
  type JWTAuthentication,
  type KubernetesAuthentication,
  type ListenOptions,
  type ListFlagsResult,
  type Logger,
  NetworkError,
  optionsFromEnvironment,
  type Response,
  type Result,
  SecurityError,
  type StatusEvent,
  type SyncEvent,
  type SyncMessage,
  type TlsConfig,
  type TokenAuthentication,
  type TokenSource,
  ValidationError,
  type VariantEvaluationResponse,
  type VariantResult,
  type WaitOptions,
} from 'flipt-native';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const proved = <_T extends true>(): void => undefined;

const token: ClientTokenAuthentication = { clientToken: 'secret' };
const jwt: JWTAuthentication = { jwtToken: 'secret' };
const either: AuthenticationStrategy = token;

const response: Response = {
  ok: true,
  status: 200,
  statusText: 'OK',
  headers: { get: (name: string) => (name === 'etag' ? 'abc' : null) },
  json: async () => ({}),
};
const fetcher: IFetcher = async (options?: IFetcherOptions) => {
  const etag: string | undefined = options?.etag;
  const isAborted: boolean | undefined = options?.signal?.aborted;
  return isAborted && etag === undefined ? { ...response, status: 304 } : response;
};
const hook: Hook = {
  before({ flagKey }) {
    proved<Same<typeof flagKey, string>>();
  },
  after({ flagKey, flagType, value, reason, segmentKeys }) {
    const keys: string[] = segmentKeys;
    return void [flagKey, flagType, value, reason, keys];
  },
};
const nothing = (): void => undefined;
const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const tlsConfig: TlsConfig = { caCertFile: '/etc/ca.pem', insecureSkipHostnameVerify: false };
const cache: CacheOptions = { path: '/var/cache/flags', maxAgeMs: 60_000 };

const options: ClientOptions = {
  fetchMode: 'streaming',
  streamIdleTimeoutMs: 600_000,
  safetyPollIntervalMs: 300_000,
  maxStreamRetries: 5,
  staleAfterMs: 900_000,
  credentialGracePeriodMs: 300_000,
  tlsConfig,
  proxy: false,
  cache,
  environment: 'default',
  namespace: 'shop',
  url: 'http://localhost:8080',
  updateInterval: 0.5,
  authentication: jwt,
  reference: 'main',
  snapshot: 'e30=',
  fetcher,
  errorStrategy: ErrorStrategy.Fallback,
  hook,
  requestTimeout: 2.5,
  connectTimeoutMs: 1000,
  initTimeoutMs: 5000,
  retry: { maxRetries: 1, baseDelayMs: 10, maxDelayMs: 20, jitter: false },
  maxSnapshotBytes: 1024,
  serverCompatibility: 'v1',
  logger,
  onReady: nothing,
  onUpdate: ({ flagKeys }) => void flagKeys.length,
  onError: ({ code }) => void code,
};

/** Options from the process, or from what stands for its environment. */
const env: Environment = { FLIPT_URL: 'http://localhost:8080', FLIPT_JWT_TOKEN: undefined };
export const fromEnvironment: ClientOptions[] = [
  optionsFromEnvironment(),
  optionsFromEnvironment(env),
];

/** Options assembled from what may be missing: undefined counts as left out. */
export const partly: ClientOptions = {
  url: undefined as string | undefined,
  authentication: either.clientToken === undefined ? undefined : either,
  errorStrategy: 'fail',
};

export async function tour(): Promise<void> {
  const bare: FliptClient = await FliptClient.init();
  await bare.close();
  await using disposed = await FliptClient.init(ClientOptionsFactory.default());
  using dropped = await FliptClient.init(options);
  await using joined: FliptClient = await FliptClient.shared(options);
  void joined;
  const client: BaseFliptClient = disposed;
  void dropped;

  const request: EvaluationRequest = {
    flagKey: 'new-checkout',
    entityId: 'user-42',
    context: { plan: 'premium', seats: 12, trial: false, id: 12n, none: null, missing: undefined },
  };
  const one: BooleanEvaluationResponse = client.evaluateBoolean(request);
  const enabled: boolean = one.enabled;
  const other: VariantEvaluationResponse = client.evaluateVariant({ flagKey: 'a', entityId: 'b' });
  const texts: string[] = [other.variantKey, other.variantAttachment, one.timestamp, one.reason];
  const took: number = one.requestDurationMillis + other.requestDurationMillis;
  const batch: BatchEvaluationResponse = client.evaluateBatch([request]);
  const first: EvaluationResponse | undefined = batch.responses[0];
  const failed: ErrorEvaluationResponse | undefined = first?.errorEvaluationResponse;
  const names = [failed?.flagKey, failed?.namespaceKey, failed?.reason, first?.type];
  const inner: BooleanEvaluationResponse | undefined = first?.booleanEvaluationResponse;
  const flags: Flag[] = client.listFlags();
  const described: string | undefined = flags[0]?.description;
  const snapshot: string = client.getSnapshot();
  const isChanged: boolean = await client.refresh();
  void [enabled, texts, took, names, inner, described, snapshot, isChanged];
}

/** How to hear of evaluations. */
export function observe(client: FliptClient): void {
  const evaluationHook: EvaluationHook = {
    before({ flagKey, kind, defaultValue, context }: EvaluationCall) {
      proved<Same<typeof kind, EvaluationKind>>();
      return void [flagKey, defaultValue, context.targetingKey];
    },
    after: async (_, details) => void (details satisfies EvaluatedDetails).durationMs.toFixed(),
    error: (_, { errorCode, errorMessage }) => void [errorCode === 'FLAG_NOT_FOUND', errorMessage],
  };
  const hooks: ClientOptions = { hooks: [evaluationHook, { finally: () => undefined }] };
  client.addHook(evaluationHook);
  client.removeHook(evaluationHook);
  const subscribers = {
    evaluation: ({ namespace, kind, value }: EvaluationMessage) => void [namespace, kind, value],
    sync(message: SyncMessage) {
      const event: SyncEvent['event'] = message.event;
      return message.event === 'error' ? message.error.retryable : event;
    },
    change: ({ namespace, flagKeys }: ChangeMessage) => void [namespace, flagKeys.length],
  };
  void [hooks, subscribers];
}

/** What happens to a client, and how to hear of it. */
export async function watch(client: FliptClient, signal?: ListenOptions['signal']): Promise<void> {
  const removers: (() => void)[] = [
    client.on('ready', () => undefined),
    client.on('change', ({ flagKeys, added, removed, modified, digest, source, at }) => {
      const keys: readonly string[] = [...flagKeys, ...added, ...removed, ...modified];
      return void [keys, digest?.length, source satisfies FlagSource, at.getTime()];
    }),
    client.on('status', async ({ previous, current }: StatusEvent) => {
      proved<Same<typeof current, ClientStatus>>();
      return void [previous.connection === 'streaming', current.lastError?.code];
    }),
    client.once('stale', () => undefined, signal === undefined ? {} : { signal }),
    client.once('recovered', () => undefined, { signal }),
    client.on('error', (error) => void error.retryable),
    client.onFlagChange('new-checkout', ({ flagKey, kind }: FlagChangeEvent) => {
      proved<Same<typeof kind, ChangeKind>>();
      return void flagKey;
    }),
  ];
  const onClosed = (): void => undefined;
  client.on('closed', onClosed);
  client.off('closed', onClosed);
  for (const remove of removers) remove();
  for await (const change of client.changes({ signal })) {
    proved<Same<typeof change, ChangeEvent>>();
  }
  const calling: CallOptions = { signal };
  const waiting: WaitOptions = { ...calling, timeoutMs: 5_000 };
  await client.waitForReady(waiting);
  await client.waitForReady();
  await client.reconnect(calling);
  const isChanged: boolean = await client.refresh(calling);
  void [isChanged, client.isReady satisfies boolean];
  report(client.status);
}

/** Credentials that are obtained, found in a file, or gone through in turn. */
export async function identify(client: FliptClient): Promise<void> {
  const source: TokenSource = async ({ reason, signal }: CredentialRequest) => {
    proved<Same<typeof signal.aborted, boolean>>();
    return reason === 'expiring' ? 'renewed' : 'first';
  };
  const obtained: TokenAuthentication = { jwtToken: source };
  const pod: KubernetesAuthentication = { kubernetes: { tokenPath: '/run/token' } };
  const list: readonly Authentication[] = [
    token,
    jwt,
    obtained,
    pod,
    { clientToken: () => 'text' },
  ];
  await client.updateAuthentication(list);
  await client.updateAuthentication({ kubernetes: {} });
  await FliptClient.init({ authentication: list, credentialGracePeriodMs: 0 });
  await FliptClient.init({ authentication: { clientToken: source } });
}

function report(status: ClientStatus): unknown[] {
  const connection: ConnectionState = status.connection;
  const next: number | undefined = status.nextAttemptAt?.getTime();
  const last: Date | undefined = status.lastSuccessAt;
  const isSupported: boolean | undefined = status.streamSupported;
  const sizes: number[] = [status.attempt, status.flagCount, status.snapshotBytes];
  return [connection, next, last, isSupported, sizes, status.stale, status.source, status.digest];
}

/** A listener written apart from its registration. */
export const onEvent = (...[change]: ClientEvents['change']): void => void change.digest;

export function explain(error: unknown): string {
  if (!FliptError.is(error)) return String(error);
  const code: FliptErrorCode = error.code;
  proved<Same<typeof error.retryable, boolean>>();
  if (error instanceof ValidationError) {
    return (error.details.problems ?? []).map(({ field, received }) => field + received).join();
  }
  if (error instanceof NetworkError && error.details.status === 429) return 'slow down';
  const isOurs =
    error instanceof EvaluationError ||
    error instanceof InitializationError ||
    error instanceof SecurityError;
  return isOurs ? code : `${code} ${JSON.stringify(error.toJSON())}`;
}

/** Types without a call of their own, which existing code imports. */
export type Results = [Result<number>, VariantResult, BooleanResult, BatchResult, ListFlagsResult];

export function refused(client: FliptClient): void {
  // @ts-expect-error the option has another name
  void FliptClient.init({ updateIntervall: 5 });
  // @ts-expect-error seconds are a number
  void FliptClient.init({ updateInterval: '5' });
  // @ts-expect-error one of three
  void FliptClient.init({ serverCompatibility: 'v3' });
  // @ts-expect-error an object is no context value
  client.evaluateBoolean({ flagKey: 'a', entityId: 'b', context: { user: { id: 1 } } });
  // @ts-expect-error entityId is missing
  client.evaluateVariant({ flagKey: 'a' });
  // @ts-expect-error a batch is a list
  client.evaluateBatch({ flagKey: 'a', entityId: 'b' });
  // @ts-expect-error the event has another name
  client.on('changed', () => undefined);
  // @ts-expect-error ready has no argument
  client.on('ready', (flags: string[]) => flags);
  // @ts-expect-error a change is not to be edited
  client.on('change', (change) => change.added.push('a'));
  // @ts-expect-error the status is not to be edited
  client.status.stale = false;
  // @ts-expect-error milliseconds are a number
  void client.waitForReady({ timeoutMs: '5' });
  // @ts-expect-error one of two
  void FliptClient.init({ fetchMode: 'stream' });
  // @ts-expect-error true is no proxy
  void FliptClient.init({ proxy: true });
  // @ts-expect-error the path is missing
  void FliptClient.init({ cache: {} });
  // @ts-expect-error a function answers with text
  void FliptClient.init({ authentication: { clientToken: () => 7 } });
  // @ts-expect-error nobody else is known
  void client.updateAuthentication({ password: 'secret' });
  // @ts-expect-error clients come from init
  new FliptClient();
}
