export type { CallOptions, WaitOptions } from './calls.js';
export type { ChangeEvent, ChangeKind, FlagChangeEvent } from './changes.js';
export { type BaseFliptClient, FliptClient } from './client.js';
export type {
  CredentialRequest,
  KubernetesAuthentication,
  TokenAuthentication,
  TokenSource,
} from './credentials.js';
export {
  EvaluationError,
  type FeatureProblem,
  FliptError,
  type FliptErrorCode,
  type FliptErrorDetails,
  type FliptErrorInit,
  InitializationError,
  NetworkError,
  type Problem,
  SecurityError,
  ValidationError,
} from './errors.js';
export type {
  BatchEvaluationResponse,
  BatchResult,
  BooleanEvaluationResponse,
  BooleanResult,
  ContextValue,
  ErrorEvaluationReason,
  ErrorEvaluationResponse,
  EvaluationContext,
  EvaluationReason,
  EvaluationRequest,
  EvaluationResponse,
  EvaluationResponseType,
  Flag,
  FlagType,
  ListFlagsResult,
  Result,
  VariantEvaluationResponse,
  VariantResult,
} from './evaluation.js';
export type { ClientEvents, ListenOptions, StatusEvent } from './events.js';
export { type FeatureNamespace, type FeatureReport, validateFeatures } from './features.js';
export type {
  AbortSignalLike,
  CancelSignal,
  IFetcher,
  IFetcherOptions,
  Response,
} from './fetcher.js';
export type { AfterEvaluation, BeforeEvaluation, Hook } from './hook.js';
export type { Logger } from './logger.js';
export {
  type Authentication,
  type AuthenticationStrategy,
  type CacheOptions,
  type ClientOptions,
  ClientOptionsFactory,
  type ClientTokenAuthentication,
  ErrorStrategy,
  type JWTAuthentication,
  type RetryOptions,
  type SourceOptions,
  type TlsConfig,
} from './options.js';
export type { ClientStatus, ConnectionState, FlagSource } from './status.js';
