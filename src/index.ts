export { type BaseFliptClient, FliptClient } from './client.js';
export type {
  CredentialRequest,
  KubernetesAuthentication,
  TokenAuthentication,
  TokenSource,
} from './credentials.js';
export {
  EvaluationError,
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
  type ClientOptions,
  ClientOptionsFactory,
  type ClientTokenAuthentication,
  ErrorStrategy,
  type JWTAuthentication,
  type RetryOptions,
} from './options.js';
