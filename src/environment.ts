import { type FliptError, invalidArguments } from './errors.js';
import type { Authentication, ClientOptions } from './options.js';

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options from environment variables, to be passed on as they are or spread among others. A client reads none of these
 * variables by itself.
 *
 * | variable | option |
 * |---|---|
 * | `FLIPT_URL` | `url` |
 * | `FLIPT_ENVIRONMENT` | `environment` |
 * | `FLIPT_NAMESPACE` | `namespace` |
 * | `FLIPT_REFERENCE` | `reference` |
 * | `FLIPT_CLIENT_TOKEN` | `authentication: { clientToken }` |
 * | `FLIPT_JWT_TOKEN` | `authentication: { jwtToken }` |
 *
 * A variable that is not set or empty leaves its option out. Values are taken as they are; the client judges them.
 *
 * @param env - Where the variables are looked up. Default `process.env`.
 * @throws ValidationError `FLIPT_OPTION_INVALID` when both tokens are set, for a client has one
 *
 * @example
 * ```ts
 * const client = await FliptClient.init({ ...optionsFromEnvironment(), fetchMode: 'streaming' });
 * ```
 */
export function optionsFromEnvironment(env: Environment = process.env): ClientOptions {
  const given = {
    url: present(env['FLIPT_URL']),
    environment: present(env['FLIPT_ENVIRONMENT']),
    namespace: present(env['FLIPT_NAMESPACE']),
    reference: present(env['FLIPT_REFERENCE']),
    authentication: authentication(env),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function authentication(env: Environment): Authentication | undefined {
  const clientToken = present(env['FLIPT_CLIENT_TOKEN']);
  const jwtToken = present(env['FLIPT_JWT_TOKEN']);
  if (clientToken !== undefined && jwtToken !== undefined) {
    throw bothTokens();
  }
  if (clientToken !== undefined) {
    return { clientToken };
  }
  return jwtToken === undefined ? undefined : { jwtToken };
}

function present(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function bothTokens(): FliptError {
  const problem = {
    field: 'FLIPT_JWT_TOKEN',
    received: 'a token beside the one in FLIPT_CLIENT_TOKEN',
    allowed: 'one of the two variables',
  };
  return invalidArguments('FLIPT_OPTION_INVALID', [problem]);
}
