import type { ErrorCode } from '@openfeature/server-sdk';

/** Why a provider did not start, with the code by which the SDK knows errors; the client's own error is its cause. */
export class ProviderError extends Error {
  readonly code: ErrorCode;

  constructor(isFatal: boolean, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = isFatal ? 'ProviderFatalError' : 'ProviderError';
    this.code = (isFatal ? 'PROVIDER_FATAL' : 'GENERAL') as ErrorCode;
  }
}
