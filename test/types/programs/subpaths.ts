// The subpaths of the original package: those that exist here, and those that exist nowhere but in browsers.
// @ts-expect-error nothing is exported
import { FliptClient as Browser } from 'flipt-native/browser';
// @ts-expect-error nothing is exported
import { engine } from 'flipt-native/engine.wasm';
import { FliptClient } from 'flipt-native/node';
// @ts-expect-error nothing is exported
import { FliptClient as Slim } from 'flipt-native/slim';
import {
  type AuthenticationStrategy,
  type BatchEvaluationResponse,
  type BatchResult,
  type BooleanEvaluationResponse,
  type BooleanResult,
  type ClientOptions,
  ClientOptionsFactory,
  type ClientTokenAuthentication,
  type ErrorEvaluationResponse,
  ErrorStrategy,
  type EvaluationRequest,
  type EvaluationResponse,
  type Flag,
  type Hook,
  type IFetcher,
  type IFetcherOptions,
  type JWTAuthentication,
  type ListFlagsResult,
  type Response,
  type Result,
  type VariantEvaluationResponse,
  type VariantResult,
} from 'flipt-native/types';

void [Browser, Slim, engine];

export const options: ClientOptions = {
  ...ClientOptionsFactory.default(),
  errorStrategy: ErrorStrategy.Fail,
};

export const starts: (options?: ClientOptions) => Promise<FliptClient> = FliptClient.init;

export type Types = [
  AuthenticationStrategy,
  BatchEvaluationResponse,
  BatchResult,
  BooleanEvaluationResponse,
  BooleanResult,
  ClientTokenAuthentication,
  ErrorEvaluationResponse,
  EvaluationRequest,
  EvaluationResponse,
  Flag,
  Hook,
  IFetcher,
  IFetcherOptions,
  JWTAuthentication,
  ListFlagsResult,
  Response,
  Result<string>,
  VariantEvaluationResponse,
  VariantResult,
];
