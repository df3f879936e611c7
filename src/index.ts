export type { CallOptions, WaitOptions } from './calls.js';
export type { ChangeEvent, ChangeKind, FlagChangeEvent } from './changes.js';
export { type BaseFliptClient, FliptClient } from './client.js';
export type { ConnectedClient } from './connected-client.js';
export type {
  CredentialRequest,
  KubernetesAuthentication,
  TokenAuthentication,
  TokenSource,
} from './credentials.js';
export type { ChangeMessage, EvaluationMessage, SyncEvent, SyncMessage } from './diagnostics.js';
export { type Environment, optionsFromEnvironment } from './environment.js';
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
export type {
  EvaluatedDetails,
  EvaluationCall,
  EvaluationHook,
  EvaluationKind,
} from './evaluation-hook.js';
export type { ClientEvents, ListenOptions, StatusEvent } from './events.js';
export type {
  ExplainedAnswer,
  ExplainedConstraint,
  ExplainedRule,
  ExplainedSegment,
  ExplainedShare,
  ExplainedSplit,
  ExplainedThreshold,
  Explanation,
} from './explain.js';
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
  type PlainValue,
  type PlainValues,
  type RetryOptions,
  type SourceOptions,
  type TlsConfig,
} from './options.js';
export type { ClientStatus, ConnectionState, FlagSource } from './status.js';
export type {
  DetailsErrorCode,
  DetailsReason,
  EvaluationDetails,
  FlagValue,
} from './values/details.js';
export { getValueAsString } from './values/details.js';
export type { ContextAttribute, FlagContext } from './values/flag-context.js';
export type {
  BooleanFlagKey,
  FlagAttachment,
  FlagKey,
  FlagVariant,
  NumberFlagKey,
  ObjectFlagKey,
  StringFlagKey,
} from './values/flag-key.js';
export type { FlagValues } from './values/flag-values.js';
export {
  type FlagState,
  type FlagsState,
  type FlagsStateReader,
  readFlagsState,
} from './values/flags-state.js';
export type { Selection } from './values/selection.js';
export type { Widened } from './values/types.js';
