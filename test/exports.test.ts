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
      'getValueAsString',
      'optionsFromEnvironment',
      'readFlagsState',
      'validateFeatures',
    ]);
  });

  it('ErrorStrategy has the values that options take', () => {
    const { ErrorStrategy } = require(built());
    expect(ErrorStrategy).toEqual({ Fail: 'fail', Fallback: 'fallback' });
  });

  it('the class offers the documented calls and no more', () => {
    const { FliptClient } = require(built());
    expect(membersOf(FliptClient.prototype)).toEqual(
      new Set([
        'addHook',
        'changes',
        'clearContext',
        'close',
        'evaluateAll',
        'evaluateBatch',
        'evaluateBoolean',
        'evaluateFlag',
        'evaluateVariant',
        'explain',
        'allFlagsState',
        'getAllFlagKeys',
        'getBooleanDetails',
        'getBooleanValue',
        'getContext',
        'getNumberDetails',
        'getNumberValue',
        'getObjectDetails',
        'getObjectValue',
        'getSnapshot',
        'getStringDetails',
        'getStringValue',
        'hasFlag',
        'identify',
        'isClosed',
        'isReady',
        'listFlags',
        'off',
        'on',
        'onFlagChange',
        'once',
        'reconnect',
        'refresh',
        'removeHook',
        'removeTestValue',
        'reset',
        'runWithContext',
        'setContext',
        'setOffline',
        'setTestValue',
        'status',
        'testing',
        'updateAuthentication',
        'variation',
        'variationDetail',
        'waitForReady',
        'withContext',
        Symbol.asyncDispose,
        Symbol.dispose,
      ]),
    );
    expect(typeof FliptClient.forTesting).toBe('function');
    expect(typeof FliptClient.init).toBe('function');
    expect(typeof FliptClient.shared).toBe('function');
  });
});

/** The members of a class and of those that it extends. */
function membersOf(prototype: object): Set<string | symbol> {
  const members = new Set<string | symbol>();
  for (let at = prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at)) {
      members.add(name);
    }
  }
  members.delete('constructor');
  return members;
}
