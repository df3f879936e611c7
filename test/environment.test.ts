import { describe, expect, it } from 'vitest';
import { FliptError, optionsFromEnvironment } from './support/sdk.ts';

describe('options from the environment', () => {
  it('take each variable that is set', () => {
    const env = {
      FLIPT_URL: 'https://flags.example/base',
      FLIPT_ENVIRONMENT: 'staging',
      FLIPT_NAMESPACE: 'shop',
      FLIPT_REFERENCE: 'v1.2',
      FLIPT_CLIENT_TOKEN: 'hunter2',
      FLIPT_OTHER: 'x',
    };
    expect(optionsFromEnvironment(env)).toStrictEqual({
      url: 'https://flags.example/base',
      environment: 'staging',
      namespace: 'shop',
      reference: 'v1.2',
      authentication: { clientToken: 'hunter2' },
    });
    expect(optionsFromEnvironment({ FLIPT_JWT_TOKEN: 'a.b.c' })).toStrictEqual({
      authentication: { jwtToken: 'a.b.c' },
    });
  });

  it('leave out what is not set or empty, so that other options show through', () => {
    const empty = { FLIPT_URL: '', FLIPT_CLIENT_TOKEN: '', FLIPT_JWT_TOKEN: 't' };
    expect(optionsFromEnvironment(empty)).toStrictEqual({ authentication: { jwtToken: 't' } });
    expect(optionsFromEnvironment({})).toStrictEqual({});
  });

  it('refuse two tokens without repeating either', () => {
    const both = { FLIPT_CLIENT_TOKEN: 'hunter2', FLIPT_JWT_TOKEN: 'hunter3' };
    const error = thrownBy(() => optionsFromEnvironment(both));
    expect(error.code).toBe('FLIPT_OPTION_INVALID');
    expect(error.details.problems?.map(({ field }) => field)).toEqual(['FLIPT_JWT_TOKEN']);
    expect(JSON.stringify(error)).not.toContain('hunter');
  });

  it('are those of the process unless others are given', () => {
    process.env['FLIPT_NAMESPACE'] = 'from-the-process';
    try {
      expect(optionsFromEnvironment().namespace).toBe('from-the-process');
    } finally {
      delete process.env['FLIPT_NAMESPACE'];
    }
    expect(optionsFromEnvironment().namespace).toBeUndefined();
  });
});

function thrownBy(run: () => unknown): FliptError {
  try {
    run();
  } catch (error) {
    if (FliptError.is(error)) {
      return error;
    }
  }
  throw new Error('nothing was thrown');
}
