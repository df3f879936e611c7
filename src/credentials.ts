import { describe, encode, type Replacement } from './encode.js';
import { fromNative } from './errors.js';
import { nameOf } from './failure.js';
import type { CancelSignal } from './fetcher.js';
import type { NativeClient, ObtainedCredential } from './native.js';

/** What a credential function is told when it is called. */
export interface CredentialRequest {
  /**
   * Why a token is needed: `initial` when there is none yet, `unauthorized` after the server refused the last one with
   * a 401, `expiring` when the last one is a JSON web token that expires soon or has expired.
   */
  readonly reason: 'initial' | 'unauthorized' | 'expiring' | (string & {});
  /** Aborted at `requestTimeout`, when the authentication is replaced, and when the client closes. */
  readonly signal: CancelSignal;
}

/**
 * A token, or a function that obtains one.
 *
 * The function's answer is kept until the server refuses it or it is about to expire; a failure leaves the token that
 * still works in use. It may take `requestTimeout`; overlapping needs share one call.
 *
 * @example
 * ```ts
 * const clientToken: TokenSource = async ({ signal }) => {
 *   const response = await fetch('https://vault.example/flipt-token', { signal });
 *   return (await response.text()).trim();
 * };
 * ```
 */
export type TokenSource = string | ((request: CredentialRequest) => string | Promise<string>);

/** Authentication with a token that is fixed or obtained by a function: exactly one of the two. */
export interface TokenAuthentication {
  /** A client token, sent as `Authorization: Bearer <token>`. */
  clientToken?: TokenSource | undefined;
  /** A JSON web token, sent as `Authorization: JWT <token>`; a function is called again before it expires. */
  jwtToken?: TokenSource | undefined;
}

/**
 * Authentication with the service account of a Kubernetes pod, as Flipt v2 takes it, or exchanged for a client token as
 * Flipt v1 wants it; which of the two is found out.
 */
export interface KubernetesAuthentication {
  /** Where the account's token is. */
  kubernetes: {
    /**
     * The file with the token; read again when it changes and before the token expires. Default
     * `/var/run/secrets/kubernetes.io/serviceaccount/token`.
     */
    tokenPath?: string | undefined;
  };
}

/** A credential function as it came among the options. */
export type TokenFunction = (request: CredentialRequest) => unknown;

const TOKENS: ReadonlySet<string> = new Set(['clientToken', 'jwtToken']);

/** The credential functions of one client, called on behalf of the engine. */
export class CredentialFunctions {
  /** What a function last failed with, to be the cause of the error that the engine makes of it. */
  failure: unknown;
  /** Those in force, in the order in which they stand among the credentials. */
  inForce: readonly TokenFunction[];
  /** Where none can be used: what a function is called when it is refused. */
  refusal: string | undefined;
  readonly #settle: (id: number, answer: ObtainedCredential) => void;
  readonly #functions = new Map<number, TokenFunction>();
  readonly #running = new Map<number, AbortController>();
  #next = 0;

  /** The first functions have the numbers from 0. */
  constructor(
    settle: (id: number, answer: ObtainedCredential) => void,
    sources: readonly TokenFunction[],
  ) {
    this.#settle = settle;
    this.inForce = sources;
    for (const source of sources) {
      this.keep(source);
    }
  }

  /** Whether these are in force. */
  are(sources: readonly TokenFunction[]): boolean {
    const { inForce } = this;
    return sources.length === inForce.length && sources.every((one, at) => one === inForce[at]);
  }

  /** Keeps a function until the engine releases it; returns its number. */
  keep(source: TokenFunction): number {
    const number = this.#next++;
    this.#functions.set(number, source);
    return number;
  }

  release(number: number): void {
    this.#functions.delete(number);
  }

  obtain(id: number, number: number, reason: string): void {
    const controller = new AbortController();
    this.#running.set(id, controller);
    this.failure = undefined;
    this.#obtain(number, { reason, signal: controller.signal as CancelSignal }).then(
      (token) => this.#end(id, { token }),
      (error: unknown) => {
        if (this.#running.has(id)) {
          this.failure = error;
        }
        this.#end(id, { error: nameOf(error) });
      },
    );
  }

  abort(id: number): void {
    const controller = this.#running.get(id);
    this.#running.delete(id);
    controller?.abort();
  }

  abortAll(): void {
    for (const id of [...this.#running.keys()]) {
      this.abort(id);
    }
  }

  async #obtain(number: number, request: CredentialRequest): Promise<string> {
    const token = await this.#functions.get(number)?.(request);
    if (typeof token !== 'string' || token === '') {
      const received = token === '' ? 'an empty text' : describe(token);
      throw new TypeError(`the credential function answered with ${received}, not with a token`);
    }
    return token;
  }

  #end(id: number, answer: ObtainedCredential): void {
    if (this.#running.delete(id)) {
      this.#settle(id, answer);
    }
  }
}

/**
 * Puts other credentials in force.
 *
 * @throws ValidationError when they cannot be used; those in force then stay
 */
export function updateAuthentication(
  native: NativeClient,
  functions: CredentialFunctions,
  authentication: unknown,
): void {
  const sources: TokenFunction[] = [];
  const kept: number[] = [];
  const encoded = encodeAuthentication(authentication, (source) => {
    if (functions.refusal !== undefined) {
      return { $js: functions.refusal };
    }
    const number = functions.keep(source);
    sources.push(source);
    kept.push(number);
    return { $source: number };
  });
  const json = JSON.stringify(encoded ?? { $js: describe(authentication) });
  const { error } = native.updateAuthentication(json);
  if (error !== undefined) {
    for (const number of kept) {
      functions.release(number);
    }
    throw fromNative(error);
  }
  functions.inForce = sources;
}

/** The option `authentication` as the engine reads it; `replace` says what stands for a function. */
export function encodeAuthentication(
  value: unknown,
  replace: (source: TokenFunction) => Replacement,
): unknown {
  return encode(value, (source, key) =>
    TOKENS.has(key) ? replace(source as TokenFunction) : undefined,
  );
}
