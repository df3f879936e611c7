export interface CertificateOptions {
  /** Names and addresses of the server; the first is the subject. Default `localhost`, `127.0.0.1`, `::1`. */
  hosts?: string[];
  /** Default `server`. */
  usage?: 'server' | 'client';
  /** Days from now until it expires; negative: it has. Default 30. */
  days?: number;
  /** Encrypts the key. Default: it is not. */
  passphrase?: string;
}

/** Both as PEM text. */
export interface Certificate {
  cert: string;
  key: string;
}

export interface Authority {
  /** The authority's own certificate, as PEM text. */
  cert: string;
  issue(options?: CertificateOptions): Certificate;
}

/** A certificate authority with a key of its own. */
export function createAuthority(name?: string): Authority;
