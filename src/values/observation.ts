import { channels } from '../channels.js';
import { isContainer } from '../context.js';
import {
  type EvaluatedDetails,
  type EvaluationCall,
  type EvaluationHook,
  type EvaluationKind,
  HookList,
} from '../evaluation-hook.js';
import type { LogLevel } from '../logger.js';
import { freeze } from './attachments.js';
import type { EvaluationDetails } from './details.js';
import type { ContextAttribute, FlagContext } from './flag-context.js';

const NOTHING: FlagContext = Object.freeze({});

/** What an evaluation asks. */
export interface Asked {
  readonly flagKey: unknown;
  readonly kind: EvaluationKind;
  readonly defaultValue: unknown;
  /** As {@link seenContext} gives it. */
  readonly context: FlagContext;
}

/** An evaluation that is going on, or several that are made together. */
export interface Observed {
  readonly hooks: HookList;
  readonly asked: readonly Asked[];
  /** What hooks are told of them, side by side. */
  readonly calls: readonly EvaluationCall[];
  readonly startedAt: number;
}

/** Those who are told of a client's evaluations: its hooks, and the subscribers of the channel. */
export class Observers {
  readonly #namespace: string;
  readonly #log: (level: LogLevel, message: string) => void;
  #hooks: HookList = HookList.EMPTY;
  /** Somebody is being told; what they evaluate themselves is not told, or there would be no end to it. */
  #isTelling = false;

  constructor(
    namespace: string,
    log: (level: LogLevel, message: string) => void,
    hooks: readonly EvaluationHook[] = [],
  ) {
    this.#namespace = namespace;
    this.#log = log;
    for (const hook of hooks) {
      this.add(hook);
    }
  }

  /** Whether anybody is to be told; while nobody is, an evaluation costs no more than this question. */
  get areOn(): boolean {
    return (!this.#hooks.isEmpty || channels.evaluation.hasSubscribers) && !this.#isTelling;
  }

  add(hook: EvaluationHook): void {
    this.#hooks = this.#hooks.with(hook, this.#log);
  }

  remove(hook: EvaluationHook): void {
    this.#hooks = this.#hooks.without(hook);
  }

  /** Tells of evaluations that are about to be made together; {@link Observers.end} has to follow. */
  begin(asked: readonly Asked[]): Observed {
    const hooks = this.#hooks;
    const calls = asked.map(callOf);
    this.#tell(() => {
      for (const call of calls) {
        hooks.before(call);
      }
    });
    return { hooks, asked, calls, startedAt: performance.now() };
  }

  /** Tells what each of them came to. */
  end(observed: Observed, details: readonly EvaluationDetails<unknown>[]): void {
    const { hooks, asked, calls, startedAt } = observed;
    const durationMs = performance.now() - startedAt;
    const namespace = this.#namespace;
    this.#tell(() => {
      for (const [index, call] of calls.entries()) {
        const given = details[index] as EvaluationDetails<unknown>;
        const isDefault = given.value === asked[index]?.defaultValue;
        const value = isDefault ? call.defaultValue : given.value;
        const segmentKeys = Object.freeze([...given.segmentKeys]);
        const shown: EvaluatedDetails = { ...given, value, segmentKeys, durationMs };
        hooks.end(call, Object.freeze(shown));
        if (channels.evaluation.hasSubscribers) {
          const message = { namespace, kind: call.kind, ...shown };
          channels.evaluation.publish(Object.freeze(message));
        }
      }
    });
  }

  #tell(run: () => void): void {
    this.#isTelling = true;
    try {
      run();
    } finally {
      this.#isTelling = false;
    }
  }
}

/** A context that is observed. */
export interface SeenContext {
  /** What to evaluate with: a copy, so that getters run once, and everybody sees what they returned then. */
  readonly evaluated: unknown;
  /** What observers see of it. */
  readonly shown: FlagContext;
}

/** Copies a context; one that cannot be read is evaluated as it is, which tells what is wrong with it. */
export function seenContext(context: unknown): SeenContext {
  if (typeof context !== 'object' || context === null || isContainer(context)) {
    return { evaluated: context, shown: NOTHING };
  }
  try {
    const evaluated: FlagContext = { ...context };
    const shown: Record<string, ContextAttribute> = { ...evaluated };
    for (const [key, value] of Object.entries(evaluated)) {
      if (value instanceof Date) {
        // Observers may set theirs.
        shown[key] = new Date(value);
      }
    }
    return { evaluated, shown: Object.freeze(shown) };
  } catch {
    return { evaluated: context, shown: NOTHING };
  }
}

function callOf({ flagKey, kind, defaultValue, context }: Asked): EvaluationCall {
  return Object.freeze({
    flagKey: typeof flagKey === 'string' ? flagKey : '',
    kind,
    defaultValue: copied(defaultValue),
    context,
  });
}

function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' ? undefined : value;
  }
  try {
    const copy = structuredClone(value);
    freeze(copy);
    return copy;
  } catch {
    return undefined;
  }
}
