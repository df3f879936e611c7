// The built package, as CommonJS users load it; its types come from the sources.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/** Absolute path of a built module, for tests that run another process. */
export const built = (file = 'index.js') => join(import.meta.dirname, '../../dist', file);

const sdk = require(built()) as typeof import('../../src/index.ts');

export const {
  ClientOptionsFactory,
  ErrorStrategy,
  EvaluationError,
  FliptClient,
  FliptError,
  InitializationError,
  NetworkError,
  optionsFromEnvironment,
  SecurityError,
  ValidationError,
  validateFeatures,
} = sdk;

export type FliptClient = InstanceOf<typeof sdk.FliptClient>;
export type FliptError = InstanceType<typeof sdk.FliptError>;
export type ChangeEvent = import('../../src/index.ts').ChangeEvent;
export type ClientEvents = import('../../src/index.ts').ClientEvents;
export type ClientOptions = import('../../src/index.ts').ClientOptions;
export type IFetcher = import('../../src/index.ts').IFetcher;
export type IFetcherOptions = import('../../src/index.ts').IFetcherOptions;
export type Logger = import('../../src/index.ts').Logger;
export type ValidationProblem = import('../../src/index.ts').Problem;

/** What users do not see, of the same copy. */
export const internals = require(built('internal.js')) as typeof import('../../src/internal.ts');

/** Another entry point of the package. */
export function entryPoint<T>(file: string): T {
  return require(built(file)) as T;
}

/** `InstanceType` refuses private constructors. */
type InstanceOf<T> = T extends { prototype: infer Instance } ? Instance : never;
