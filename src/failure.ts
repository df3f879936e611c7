import { describe, read } from './encode.js';

/**
 * The name and the code of what a callback of the user failed with. Its message stays out of ours: the texts of such
 * errors repeat URLs and headers, and with them credentials. The failure itself is the cause of what the caller gets.
 */
export function nameOf(failure: unknown): string {
  const name = textAt(failure, 'name') ?? describe(failure);
  const code = textAt(failure, 'code') ?? textAt(at(failure, 'cause'), 'code');
  return code === undefined ? name : `${name} (${code})`;
}

function textAt(value: unknown, key: string): string | undefined {
  const text = at(value, key);
  return typeof text === 'string' ? text : undefined;
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? read(value, key) : undefined;
}
