export interface ProxyOptions {
  /** What clients have to authenticate with. Default: nothing. */
  username?: string;
  password?: string;
  /** Default: any free one. */
  port?: number;
}

export interface TestProxy extends AsyncDisposable {
  /** The URL for clients, with the credentials. */
  readonly url: string;
  readonly port: number;
  /** Targets of CONNECT, `host:port`, in order of arrival. */
  readonly tunnels: string[];
  /** URLs of plain requests, in order of arrival. */
  readonly forwards: string[];
  /** Requests that came without the right credentials. */
  readonly refused: number;
  /** Sockets that are open, on both sides. */
  readonly connections: number;
  /** `serve`, a status to refuse with, or `silence`: requests are taken and never answered. */
  setBehaviour(behaviour: 'serve' | 'silence' | { status: number }): void;
  /** Takes its port again after `close`. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export function startProxy(options?: ProxyOptions): Promise<TestProxy>;
