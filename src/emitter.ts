import type { AbortSignalLike } from './fetcher.js';
import { isolate } from './logger.js';

/** Names of events, each with the arguments of its listeners. */
export type EventMap<Events> = { [Name in keyof Events]: readonly unknown[] };

/** What an emitter tells its owner. */
export interface EmitterOwner<Name> {
  /** An event got its first listener, or lost its last. */
  listenersChanged(): void;
  /** A listener threw, or the promise that it returned was rejected. */
  listenerFailed(name: Name, error: unknown): void;
}

interface Registration {
  readonly listener: (...args: never[]) => unknown;
  readonly isOnce: boolean;
  /** Lets go of the signal. */
  release(): void;
}

/** Calls listeners in the order in which they came, each for itself: what one does is no concern of the others. */
export class Emitter<Events extends EventMap<Events>> {
  readonly #owner: EmitterOwner<keyof Events>;
  readonly #listeners = new Map<keyof Events, Map<unknown, Registration>>();

  constructor(owner: EmitterOwner<keyof Events>) {
    this.#owner = owner;
  }

  /** The events that somebody listens to. */
  get names(): (keyof Events)[] {
    return [...this.#listeners.keys()];
  }

  /** Registers a listener; one that is registered already stays as it is. Returns a function that removes it. */
  add<Name extends keyof Events>(
    name: Name,
    listener: (...args: Events[Name]) => unknown,
    { isOnce = false, signal }: { isOnce?: boolean; signal?: AbortSignalLike | undefined } = {},
  ): () => void {
    const present = this.#listeners.get(name)?.get(listener);
    if (present !== undefined) {
      return once(() => this.#remove(name, present));
    }
    const remove = once(() => this.#remove(name, registration));
    const release = () => signal?.removeEventListener('abort', remove);
    const registration: Registration = { listener, isOnce, release };
    if (!signal?.aborted) {
      signal?.addEventListener('abort', remove, { once: true });
      this.#insert(name, registration);
    }
    return remove;
  }

  /** Removes a listener; it is not called any more, not even for the event that is being delivered. */
  remove<Name extends keyof Events>(
    name: Name,
    listener: (...args: Events[Name]) => unknown,
  ): void {
    const registration = this.#listeners.get(name)?.get(listener);
    if (registration !== undefined) {
      this.#remove(name, registration);
    }
  }

  /** Removes all listeners. */
  clear(): void {
    for (const [name, registrations] of [...this.#listeners]) {
      for (const registration of [...registrations.values()]) {
        this.#remove(name, registration);
      }
    }
  }

  /** Calls everyone who listens to an event. */
  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const registration of [...(this.#listeners.get(name)?.values() ?? [])]) {
      this.#call(name, registration, args);
    }
  }

  /** Calls one listener, if it is registered. */
  tell<Name extends keyof Events>(
    name: Name,
    listener: (...args: Events[Name]) => unknown,
    ...args: Events[Name]
  ): void {
    const registration = this.#listeners.get(name)?.get(listener);
    if (registration !== undefined) {
      this.#call(name, registration, args);
    }
  }

  #call(name: keyof Events, registration: Registration, args: readonly unknown[]): void {
    const { listener, isOnce } = registration;
    if (this.#listeners.get(name)?.get(listener) !== registration) {
      return;
    }
    if (isOnce) {
      this.#remove(name, registration);
    }
    const report = (error: unknown) => this.#owner.listenerFailed(name, error);
    try {
      isolate(listener(...(args as never[])), report);
    } catch (error) {
      report(error);
    }
  }

  #insert(name: keyof Events, registration: Registration): void {
    const registrations = this.#listeners.get(name);
    if (registrations !== undefined) {
      registrations.set(registration.listener, registration);
      return;
    }
    this.#listeners.set(name, new Map([[registration.listener, registration]]));
    this.#owner.listenersChanged();
  }

  #remove(name: keyof Events, registration: Registration): void {
    const registrations = this.#listeners.get(name);
    if (registrations?.get(registration.listener) !== registration) {
      return;
    }
    registrations.delete(registration.listener);
    registration.release();
    if (registrations.size === 0) {
      this.#listeners.delete(name);
      this.#owner.listenersChanged();
    }
  }
}

/** Runs once, and refers to nothing afterwards: who keeps the function does not keep the client. */
function once(run: () => void): () => void {
  let pending: (() => void) | undefined = run;
  return () => {
    pending?.();
    pending = undefined;
  };
}
