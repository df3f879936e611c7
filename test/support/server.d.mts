import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

export interface ServerOptions {
  /** Served for `namespace`: text, bytes, or a value to be written as JSON. Without it every namespace is unknown. */
  snapshot?: unknown;
  /** Default `default`. */
  namespace?: string;
  /** Names of the environments that exist; the first is the default one. Default `['default']`. */
  environments?: string[];
  /** When set, requests need `Authorization: Bearer <token>`. */
  token?: string;
  /** When set (and `token` is not), requests need `Authorization: JWT <jwt>`. */
  jwt?: string;
  /** Prefix of every path, without a trailing slash. Default none. */
  basePath?: string;
  /** Default: any free one. */
  port?: number;
  /** Default `127.0.0.1`. */
  host?: string;
  /** Serves TLS with this key and certificate (PEM). */
  tls?: { key: string | Uint8Array; cert: string | Uint8Array };
  behaviour?: Behaviour;
}

/** One request with its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Counts from 0. */
  readonly index: number;
  readonly acceptsGzip: boolean;
  /** Set it before ending the exchange early, so that it does not count as given up by the client. */
  cut: boolean;
  /** Answers as Flipt does. */
  serve(): void;
  respond(status: number, headers?: Record<string, string | number>, body?: unknown): void;
  json(status: number, code: number, message: string, headers?: Record<string, string>): void;
  onEnd(cleanup: () => void): void;
}

/** A fault of faults.mjs by name, with its parameters. */
export type Fault =
  | {
      name: 'status';
      status: number;
      headers?: Record<string, string>;
      retryAfter?: string | number;
      message?: string;
    }
  | { name: 'answer'; status?: number; headers?: Record<string, string>; body?: unknown }
  | { name: 'html'; status?: number }
  | { name: 'notJson' | 'brokenGzip'; etag?: string }
  | { name: 'wrongShape'; etag?: string; body?: string }
  | { name: 'drip'; bytes?: number; everyMs?: number }
  | { name: 'redirect'; location: string; status?: number }
  | { name: 'gzipBomb'; bytes?: number; etag?: string }
  | { name: 'etag'; etag: string | null };

/** Behaviours without parameters that must be given. */
export type BehaviourName =
  | 'serve'
  | 'html'
  | 'notJson'
  | 'wrongShape'
  | 'shortened'
  | 'truncated'
  | 'resetInBody'
  | 'reset'
  | 'hangUp'
  | 'neverAnswers'
  | 'stallInHeaders'
  | 'stallInBody'
  | 'drip'
  | 'gzipBomb'
  | 'brokenGzip'
  | 'bareNotModified';

/** A name, a fault with parameters, or a function that answers the exchange itself or returns one of the former. */
export type Step = BehaviourName | Fault | ((exchange: Exchange) => unknown);

/** One step for every request, or a list of steps: one a request, the last one for all that follow. */
export type Behaviour = Step | Step[];

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds on the monotonic clock of `performance.now()`. */
  readonly at: number;
}

export interface TestServer extends AsyncDisposable {
  /** Base URL, with `basePath`. */
  readonly url: string;
  readonly port: number;
  /** Every request since the start, in order of arrival. */
  readonly requests: RecordedRequest[];
  /** Sockets that clients hold open right now. */
  readonly connections: number;
  /** Exchanges that the client gave up before the answer was complete. */
  readonly aborted: number;
  setSnapshot(body: unknown, options?: { namespace?: string; etag?: string }): void;
  removeNamespace(namespace?: string): void;
  setBehaviour(behaviour: Behaviour): void;
  waitForRequests(count: number): Promise<RecordedRequest[]>;
  waitForConnections(count: number): Promise<true>;
  waitForAborted(count: number): Promise<true>;
  close(): Promise<void>;
}

export function startServer(options?: ServerOptions): Promise<TestServer>;
