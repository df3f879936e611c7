import { AsyncLocalStorage } from 'node:async_hooks';
import { isPresent } from '../arguments.js';
import { describe } from '../encode.js';
import { invalidArgument } from '../errors.js';
import { type FlagContext, kept, laidOver } from './flag-context.js';

/** The contexts that a client and all handles made of it have in common. */
class SharedContexts {
  /** What `setContext` was given. */
  lasting: FlagContext | undefined;
  /** What `identify` was given. */
  identity: FlagContext | undefined;
  /** Both, the identity above. */
  global: FlagContext | undefined;
  /** Made when it is first needed: an evaluation without scopes does not look for one. */
  scopes: AsyncLocalStorage<FlagContext> | undefined;

  merge(): void {
    this.global =
      this.identity === undefined ? this.lasting : laidOver(this.lasting, this.identity);
  }
}

/**
 * The contexts that hold around an evaluation. From the nearest to the farthest: the call's, the asynchronous scope's,
 * the handle's, the client's; each property is taken from the nearest that has it.
 */
export class ContextScope {
  readonly #shared: SharedContexts;
  readonly #own: FlagContext | undefined;

  constructor(parent?: ContextScope, own?: FlagContext) {
    this.#shared = parent === undefined ? new SharedContexts() : parent.#shared;
    const around = parent === undefined ? undefined : parent.#own;
    this.#own = own === undefined ? around : laidOver(around, own);
  }

  /** The scope of a handle with more context. */
  child(context: unknown): ContextScope {
    return new ContextScope(this, kept('context', context));
  }

  /** What a call with this context sees. */
  effective(call: unknown): unknown {
    const { global, scopes } = this.#shared;
    const scoped = scopes?.getStore();
    if (global === undefined && scoped === undefined && this.#own === undefined) {
      return call;
    }
    let merged = global;
    for (const layer of [this.#own, scoped]) {
      merged = layer === undefined ? merged : laidOver(merged, layer);
    }
    if (call === undefined || call === null) {
      return merged;
    }
    // What is no context is refused where contexts are read.
    return typeof call === 'object' && !Array.isArray(call)
      ? laidOver(merged, call as FlagContext)
      : call;
  }

  /** Runs a function, and everything asynchronous that it starts, with more context. */
  run<T>(context: unknown, body: () => T): T {
    this.#shared.scopes ??= new AsyncLocalStorage();
    const { scopes } = this.#shared;
    return scopes.run(laidOver(scopes.getStore(), kept('context', context)), body);
  }

  get global(): FlagContext {
    return this.#shared.global ?? Object.freeze({});
  }

  set(context: unknown): void {
    this.#shared.lasting = kept('context', context);
    this.#shared.merge();
  }

  identify(targetingKey: unknown, attributes: unknown): void {
    if (!isPresent(targetingKey)) {
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: 'targetingKey',
        received: typeof targetingKey === 'string' ? 'blank text' : describe(targetingKey),
        allowed: 'text that is not blank',
      });
    }
    this.#shared.identity = Object.freeze({ ...kept('attributes', attributes), targetingKey });
    this.#shared.merge();
  }

  /** Forgets who was identified. */
  reset(): void {
    this.#shared.identity = undefined;
    this.#shared.merge();
  }

  /** Forgets everything. */
  clear(): void {
    this.#shared.lasting = undefined;
    this.reset();
  }
}
