import { FliptError, type FliptErrorCode } from '../errors.js';
import { ExitCode } from './exit-code.js';

/** Ends the program: one line that says what is wrong and what to do, and the code to exit with. */
export class Refusal extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The refusal of a command line. */
export function misused(message: string): Refusal {
  return new Refusal(ExitCode.Usage, message);
}

/** The refusal of a file that the system does not let us read or write. */
export function unusableFile(verb: 'read' | 'write', path: string, cause: unknown): Refusal {
  const { code } = cause as { code?: string };
  const why =
    code === 'ENOENT' && verb === 'read'
      ? 'there is no such file'
      : `the system says ${code ?? String(cause)}`;
  return new Refusal(ExitCode.Unavailable, `cannot ${verb} ${path}: ${why}`);
}

const CONNECT = 'is Flipt running there? --url or FLIPT_URL says where it is';
const AUTHENTICATE = 'pass --token, or set FLIPT_CLIENT_TOKEN or FLIPT_JWT_TOKEN';
const NAME = '--namespace and --environment say which flags are meant';
const WAIT = 'try again, or give it longer with --timeout';

/** What a user can do about an error. */
const ADVICE: Partial<Record<FliptErrorCode, string>> = {
  FLIPT_CONNECTION_FAILED: CONNECT,
  FLIPT_CREDENTIAL_FAILED: AUTHENTICATE,
  FLIPT_DNS_FAILED: CONNECT,
  FLIPT_INIT_TIMEOUT: WAIT,
  FLIPT_NAMESPACE_NOT_FOUND: NAME,
  FLIPT_NATIVE_LOAD: 'flipt-native doctor tells more',
  FLIPT_PROXY_FAILED: 'HTTP_PROXY, HTTPS_PROXY and NO_PROXY say which proxy is used',
  FLIPT_REDIRECT_REFUSED: 'give the address that it leads to with --url',
  FLIPT_REQUEST_TIMEOUT: WAIT,
  FLIPT_RESPONSE_INVALID: CONNECT,
  FLIPT_RESPONSE_UNEXPECTED: CONNECT,
  FLIPT_SERVER_FORBIDDEN: 'the token has to allow reading these flags',
  FLIPT_SERVER_UNAUTHENTICATED: AUTHENTICATE,
  FLIPT_SNAPSHOT_INVALID: 'flipt-native snapshot write makes one that can be used',
  FLIPT_SNAPSHOT_MISMATCH: NAME,
  FLIPT_SOURCE_INVALID: 'flipt-native validate lists all that is wrong with the files',
  FLIPT_TLS_FAILED: 'NODE_EXTRA_CA_CERTS names a file of certificates to trust',
};

/** What whatever was thrown ends the program with. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) {
    return error;
  }
  if (!FliptError.is(error)) {
    const text = error instanceof Error ? error.message : String(error);
    return new Refusal(ExitCode.Unavailable, `internal error: ${text}`);
  }
  const advice = ADVICE[error.code];
  const message = advice === undefined ? error.message : `${error.message}; ${advice}`;
  const isMisuse = error.code === 'FLIPT_OPTION_INVALID' || error.code === 'FLIPT_ARGUMENT_INVALID';
  return new Refusal(isMisuse ? ExitCode.Usage : ExitCode.Unavailable, message);
}
