import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

export interface TlsOptions {
  key: string | Uint8Array;
  cert: string | Uint8Array;
  /** Whose client certificates are accepted. */
  ca?: string | Uint8Array;
  /** Asks clients for a certificate; refused without a good one unless `rejectUnauthorized` is false. */
  requestCert?: boolean;
  rejectUnauthorized?: boolean;
}

/** A client token for a service account token, as Flipt exchanges them: texts, or functions. */
export interface KubernetesOptions {
  serviceAccountToken: string | ((token: unknown) => boolean);
  clientToken: string | (() => string);
  /** Default one hour. */
  expiresInMs?: number;
}

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
  /** Serves TLS, HTTP/2 and HTTP/1.1 by ALPN. */
  tls?: TlsOptions;
  /** Whether TLS offers HTTP/2. Default true. */
  http2?: boolean;
  /** `v1` has no streams and only the internal snapshot path. Default `v2`. */
  generation?: 'v1' | 'v2';
  /** Serves the exchange of service account tokens. Default: there is none. */
  kubernetes?: KubernetesOptions;
  /** See `setBehaviour`. */
  behaviour?: Behaviour;
  /** See `setStreamBehaviour`. */
  streamBehaviour?: StreamBehaviour;
}

/** What a request is for. */
export type Channel = 'poll' | 'stream' | 'exchange' | 'other';

/** One request with its response. */
export interface Exchange {
  readonly request: IncomingMessage & Http2ServerRequest;
  readonly response: ServerResponse & Http2ServerResponse;
  /** Counts from 0. */
  readonly index: number;
  readonly channel: Channel;
  /** The open stream, where the request is for one. */
  readonly stream?: FlagStream;
  readonly acceptsGzip: boolean;
  readonly isHttp2: boolean;
  /** Set it before ending the exchange early, so that it does not count as given up by the client. */
  cut: boolean;
  /** Answers as Flipt does. */
  serve(): void;
  respond(status: number, headers?: Record<string, string | number>, body?: unknown): void;
  json(status: number, code: number, message: string, headers?: Record<string, string>): void;
  /** Resets the connection, or the stream on HTTP/2. */
  reset(): void;
  /** Closes the connection at once. */
  hangUp(): void;
  /** Closes the connection once everything written has gone out. */
  hangUpAfterwards(): void;
  onEnd(cleanup: () => void): void;
}

/** One open stream. Nothing goes out before its first message, not even the head. */
export interface FlagStream {
  readonly namespace: string;
  /** Messages that were sent. */
  readonly sent: number;
  head(): void;
  /** Raw bytes, on their way at once. */
  write(bytes: string | Uint8Array): void;
  /** Resolves once everything written has left the compressor. */
  flushed(): Promise<void>;
  errorLine(code: number, message: string): void;
  finish(how?: Ending): void;
}

/** Ends a stream as a server does, inside the chunked body, with a reset, or by closing the connection. */
export type Ending = 'end' | 'cut' | 'reset' | 'hangUp';

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

/** A fault of stream-faults.mjs by name, with its parameters, or one that is answered instead of a stream. */
export type StreamFault =
  | { name: 'endAfterFirst'; how?: Ending }
  | { name: 'errorLine'; after?: number; code?: number; message?: string }
  | { name: 'halfLine'; how?: Ending }
  | { name: 'pieces'; bytes?: number; everyMs?: number }
  | { name: 'hugeLine' | 'endlessLine'; bytes?: number }
  | { name: 'garbageLine'; text?: string }
  | Extract<Fault, { name: 'status' | 'answer' | 'html' | 'redirect' }>;

export type StreamBehaviourName =
  | 'serve'
  | 'silence'
  | 'headersOnly'
  | 'endAtOnce'
  | 'endAfterFirst'
  | 'errorLine'
  | 'halfLine'
  | 'pieces'
  | 'hugeLine'
  | 'endlessLine'
  | 'garbageLine'
  | 'stale'
  | 'plainNotFound'
  | 'html'
  | 'reset'
  | 'hangUp'
  | 'neverAnswers'
  | 'stallInHeaders';

/** A name, a fault with parameters, or a function that answers the exchange itself or returns one of the former. */
export type Step = BehaviourName | Fault | ((exchange: Exchange) => unknown);
export type StreamStep = StreamBehaviourName | StreamFault | ((exchange: Exchange) => unknown);

/** One step for every request, or a list of steps: one a request, the last one for all that follow. */
export type Behaviour = Step | Step[];
export type StreamBehaviour = StreamStep | StreamStep[];

export interface RecordedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly channel: Channel;
  /** `1.1` or `2.0`. */
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds on the monotonic clock of `performance.now()`. */
  readonly at: number;
}

export interface RecordedConnection {
  /** On the clock of `performance.now()`. */
  readonly at: number;
  /** Undefined while it is open. */
  readonly closedAt: number | undefined;
  readonly protocol: 'http/1.1' | 'h2';
  /** What was asked on it. */
  readonly channels: Channel[];
  /** The most requests that were open on it at the same time. */
  readonly peakActive: number;
}

export interface TestServer extends AsyncDisposable {
  /** Base URL, with `basePath`. */
  readonly url: string;
  readonly port: number;
  /** Every request since the start, in order of arrival. */
  readonly requests: RecordedRequest[];
  /** Every connection since the start, in order of arrival. */
  readonly connects: RecordedConnection[];
  /** Sockets that clients hold open right now. */
  readonly connections: number;
  /** Exchanges that the client gave up before the answer was complete. */
  readonly aborted: number;
  readonly openStreams: number;
  /** Open streams that are served as by a healthy server. */
  readonly listeningStreams: number;
  /** Polls that are not answered yet. */
  readonly openPolls: number;
  /** The most connections of a channel at the same time, without those that were just being replaced. */
  peakConnections(channel: Channel, options?: { graceMs?: number }): number;
  /** Puts flag state in force and, unless `push` is false, sends it to every stream of the namespace. */
  setSnapshot(body: unknown, options?: { namespace?: string; etag?: string; push?: boolean }): void;
  /** Polls get a 404 from now on; streams hang. */
  removeNamespace(namespace?: string): void;
  /** The values of `Authorization` that are let in from now on; undefined: anything. */
  setAuthorizations(values: string[] | undefined): void;
  /** How everything but streams and exchanges is answered. */
  setBehaviour(behaviour: Behaviour): void;
  setStreamBehaviour(behaviour: StreamBehaviour): void;
  /** How exchanges of service account tokens are answered. */
  setExchangeBehaviour(behaviour: Behaviour): void;
  /** Key and certificate for connections to come. */
  setTls(tls: TlsOptions): void;
  /** Ends every open stream. Default `end`. */
  closeStreams(how?: Ending): void;
  /** As a stopped process: connections are accepted by the system, nothing is answered or sent. */
  pause(): void;
  /** Goes on; streams get what changed meanwhile. */
  resume(): void;
  /** As a killed process: every connection breaks, the port refuses. Default: in an orderly way. */
  kill(how?: 'reset'): Promise<void>;
  /** Takes the same port again. */
  restart(): Promise<void>;
  /** Resolves with the requests (of a channel) as soon as `count` of them have arrived since the start. */
  waitForRequests(count: number, channel?: Channel): Promise<RecordedRequest[]>;
  /** Resolves as soon as exactly `count` sockets are open. */
  waitForConnections(count: number): Promise<true>;
  /** Resolves as soon as exactly `count` streams are open. */
  waitForStreams(count: number): Promise<true>;
  /** Resolves as soon as clients gave up `count` exchanges since the start. */
  waitForAborted(count: number): Promise<true>;
  /** Resolves with what `reached` returns once that is true; asked again whenever something happens. */
  waitFor<T>(what: string, reached: () => T): Promise<Exclude<T, false | 0 | '' | undefined>>;
  close(): Promise<void>;
}

export function startServer(options?: ServerOptions): Promise<TestServer>;
