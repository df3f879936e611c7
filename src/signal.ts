import { read } from './encode.js';

/** What an abort signal has to look like; one of another realm or library is welcome. */
export const SIGNAL = {
  allowed: 'an AbortSignal',
  fits: (value: unknown): boolean =>
    hasMethods(value, ['addEventListener', 'removeEventListener']) &&
    typeof read(value, 'aborted') === 'boolean',
};

/** Whether a value is an object or a function with methods of these names. Never throws. */
export function hasMethods(value: unknown, names: readonly string[]): value is object {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    names.every((name) => typeof read(value, name) === 'function')
  );
}
