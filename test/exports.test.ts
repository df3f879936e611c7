import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { built } from './support/sdk.ts';

const require = createRequire(import.meta.url);

describe('exports', () => {
  it('are the names of the published package, the errors and what is ours; BaseFliptClient is only a type', () => {
    expect(Object.keys(require(built())).sort()).toEqual([
      'ClientOptionsFactory',
      'ErrorStrategy',
      'EvaluationError',
      'FliptClient',
      'FliptError',
      'InitializationError',
      'NetworkError',
      'SecurityError',
      'ValidationError',
      'validateFeatures',
    ]);
  });

  it('ErrorStrategy has the values that options take', () => {
    const { ErrorStrategy } = require(built());
    expect(ErrorStrategy).toEqual({ Fail: 'fail', Fallback: 'fallback' });
  });

  it('the class offers the documented calls and no more', () => {
    const { FliptClient } = require(built());
    const calls = Reflect.ownKeys(FliptClient.prototype).filter((name) => name !== 'constructor');
    expect(new Set(calls)).toEqual(
      new Set([
        'evaluateBoolean',
        'evaluateVariant',
        'evaluateBatch',
        'listFlags',
        'getSnapshot',
        'refresh',
        'reconnect',
        'waitForReady',
        'isReady',
        'status',
        'on',
        'once',
        'off',
        'onFlagChange',
        'changes',
        'updateAuthentication',
        'close',
        Symbol.asyncDispose,
        Symbol.dispose,
      ]),
    );
    expect(typeof FliptClient.init).toBe('function');
  });
});
