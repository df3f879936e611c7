import type { ChangeEvent } from './changes.js';
import { encodeAuthentication, type TokenFunction } from './credentials.js';
import { describe, emptyRecord, encode, read, wellFormed } from './encode.js';
import type { FliptError, Problem } from './errors.js';
import { areEvaluationHooks, type EvaluationHook, HOOK_SHAPE } from './evaluation-hook.js';
import type { AbortSignalLike, IFetcher } from './fetcher.js';
import type { Hook } from './hook.js';
import type { Logger } from './logger.js';
import { hasMethods, SIGNAL } from './signal.js';

/** The options that JSON cannot carry. */
interface Local {
  fetcher?: IFetcher;
  hook?: Hook;
  hooks?: readonly EvaluationHook[];
  logger?: Logger;
  onError?: (error: FliptError) => void;
  onReady?: () => void;
  onUpdate?: (change: ChangeEvent) => void;
  signal?: AbortSignalLike;
}

/** Options taken apart: what stays in JavaScript, and the rest as JSON for the engine, which judges it. */
export interface Settings extends Readonly<Local> {
  /** Everything else, as JSON. */
  readonly json: string;
  /** The functions among the credentials, by the numbers that stand for them in the JSON. */
  readonly sources: readonly TokenFunction[];
  /** The environment whose flags are evaluated, where it is named. */
  readonly environment: string | undefined;
  /** What is wrong with the options that stay in JavaScript. */
  readonly problems: readonly Problem[];
}

/** What such an option has to look like. */
interface Shape {
  readonly allowed: string;
  fits(value: unknown): boolean;
}

const LISTENER: Shape = {
  allowed: 'a function',
  fits: (value) => typeof value === 'function',
};

const SHAPES: Readonly<Record<keyof Local, Shape>> = {
  fetcher: {
    allowed: 'a function that resolves with a response',
    fits: (value) => typeof value === 'function',
  },
  hook: {
    allowed: 'an object with the functions before and after',
    fits: (value) => hasMethods(value, ['before', 'after']),
  },
  hooks: {
    allowed: `a list, each item of it ${HOOK_SHAPE}`,
    fits: areEvaluationHooks,
  },
  logger: {
    allowed: 'an object with the functions debug, info, warn and error',
    fits: (value) => hasMethods(value, ['debug', 'info', 'warn', 'error']),
  },
  onError: LISTENER,
  onReady: LISTENER,
  onUpdate: LISTENER,
  signal: SIGNAL,
};

/** Reads each option once. Never throws, whatever the getters and proxies of the caller do. */
export function readOptions(options: unknown): Settings {
  const problems: Problem[] = [];
  const own: Local = {};
  const sources: TokenFunction[] = [];
  const rest = emptyRecord();
  for (const key of keysOf(options, problems)) {
    const value = read(options as object, key);
    const shape = shapeOf(key);
    if (key === 'authentication') {
      rest[key] = encodeAuthentication(value, (source) => ({ $source: sources.push(source) - 1 }));
    } else if (shape === undefined) {
      rest[wellFormed(key)] = encode(value);
    } else if (value === undefined || value === null) {
      // Left out.
    } else if (shape.fits(value)) {
      Object.assign(own, { [key]: value });
    } else {
      problems.push({ field: key, received: describe(value), allowed: shape.allowed });
    }
  }
  if (own.fetcher !== undefined) {
    // The engine refuses to stream through it.
    rest['fetcher'] = encode(own.fetcher);
  }
  const given = rest['environment'];
  // What the engine refuses is no environment of any client.
  const environment = typeof given === 'string' ? given : undefined;
  return { ...own, json: toJson(rest), environment, sources, problems };
}

const NOT_BASE64 = /[^\w+/=-]/;

/** The options as JSON. A snapshot may have megabytes, which are copied several times faster than they are escaped. */
function toJson(options: Record<string, unknown>): string {
  const { snapshot, ...others } = options;
  if (typeof snapshot !== 'string' || NOT_BASE64.test(snapshot)) {
    return JSON.stringify(options);
  }
  const withoutText = JSON.stringify({ ...others, snapshot: '' });
  return `${withoutText.slice(0, -'"}'.length)}${snapshot}"}`;
}

function keysOf(options: unknown, problems: Problem[]): string[] {
  if (options === undefined || options === null) {
    return [];
  }
  try {
    if (typeof options === 'object' && !Array.isArray(options)) {
      return Object.keys(options);
    }
  } catch {
    // A proxy that refuses: described below.
  }
  problems.push({ field: 'options', received: describe(options), allowed: 'an object' });
  return [];
}

function shapeOf(key: string): Shape | undefined {
  return Object.hasOwn(SHAPES, key) ? SHAPES[key as keyof Local] : undefined;
}
