/**
 * An abort signal: the global `AbortSignal` where the surrounding types know one, else the part of it that is used here.
 */
export type CancelSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : AbortSignalLike;

/** The part of an `AbortSignal` that the client relies on. */
export interface AbortSignalLike {
  /** Whether the work was called off. */
  readonly aborted: boolean;
  /** Why it was called off. */
  // biome-ignore lint/suspicious/noExplicitAny: a reason can be anything, and the platform's own type says so
  readonly reason?: any;
  /** Registers a listener that is called when the work is called off. */
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of a fetch response that the client relies on; the platform's `Response` fits. */
export interface Response {
  /** Whether the status is between 200 and 299. */
  ok: boolean;
  /** The HTTP status; it alone decides how the response is treated. */
  status: number;
  /** The text beside the status. */
  statusText: string;
  /** The headers; `etag`, `content-type` and `retry-after` are read. */
  headers: {
    /** The value of a header, whatever the case of its name, or null. */
    get(name: string): string | null;
  };
  /** The body as bytes; preferred when present. */
  arrayBuffer?(): Promise<ArrayBuffer>;
  /** The body as text; used when there is no `arrayBuffer`. */
  text?(): Promise<string>;
  /** The parsed body; used when there is neither `arrayBuffer` nor `text`. */
  // biome-ignore lint/suspicious/noExplicitAny: the platform's own type of parsed JSON
  json(): Promise<any>;
}

/** What a fetcher is told about the request that it is to make. */
export interface IFetcherOptions {
  /** What to send as `If-None-Match`, byte for byte; absent when every answer is welcome. */
  etag?: string;
  /** Aborted at `requestTimeout` and when the client closes. */
  signal?: CancelSignal;
}

/**
 * Makes one request for flag state and resolves with the response, whatever its status.
 *
 * Only the transport is the fetcher's: when to ask, retries, deadlines and conditional requests stay the client's.
 *
 * @example
 * ```ts
 * const fetcher: IFetcher = ({ etag, signal } = {}) =>
 *   fetch('https://flipt.example/internal/v1/evaluation/snapshot/namespace/default', {
 *     headers: etag === undefined ? {} : { 'if-none-match': etag },
 *     ...(signal !== undefined && { signal }),
 *   });
 * ```
 */
export type IFetcher = (options?: IFetcherOptions) => Promise<Response>;

/** A response as the engine takes it. */
export interface FetchedResponse {
  readonly status: number;
  readonly etag: string | undefined;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  readonly body: Uint8Array;
}

/** Reads what a fetcher resolved with. Throws a `TypeError` when that is not a response. */
export async function fetched(response: Response | undefined): Promise<FetchedResponse> {
  if (typeof response !== 'object' || response === null) {
    throw new TypeError('the fetcher resolved without a response');
  }
  const { status, headers } = response;
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw new TypeError('the response of the fetcher has no HTTP status');
  }
  if (typeof headers?.get !== 'function') {
    throw new TypeError('the response of the fetcher has no headers.get()');
  }
  return {
    status,
    etag: textOf(headers.get('etag')),
    contentType: textOf(headers.get('content-type')),
    retryAfter: textOf(headers.get('retry-after')),
    body: await bodyOf(response),
  };
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  if (response.status === 200) {
    return readBody(response);
  }
  // Only the status counts, but an unread body would hold its connection.
  return readBody(response).then(nothing, nothing);
}

async function readBody(response: Response): Promise<Uint8Array> {
  if (typeof response.arrayBuffer === 'function') {
    return new Uint8Array(await response.arrayBuffer());
  }
  const text = await (typeof response.text === 'function'
    ? response.text()
    : response.json().then(JSON.stringify));
  if (typeof text !== 'string') {
    throw new TypeError('the response of the fetcher has no body');
  }
  return new TextEncoder().encode(text);
}

function nothing(): Uint8Array {
  return new Uint8Array();
}

function textOf(header: unknown): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
