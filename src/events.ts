import { isPresent } from './arguments.js';
import { type CallOptions, readCallOptions, readSignal, refuse } from './calls.js';
import { ChangeIterator } from './change-iterator.js';
import { type ChangeEvent, type FlagChangeEvent, flagChanges } from './changes.js';
import { Emitter } from './emitter.js';
import { describe } from './encode.js';
import type { FliptError, Problem } from './errors.js';
import type { AbortSignalLike } from './fetcher.js';
import { type LogLevel, thrownText } from './logger.js';
import type { ClientStatus } from './status.js';

/** A change of the status in more than times and counts. */
export interface StatusEvent {
  /** What it was. */
  readonly previous: ClientStatus;
  /** What it is. */
  readonly current: ClientStatus;
}

/** The events of a client, each with the arguments of its listeners. */
export interface ClientEvents {
  /** Flag state is there for the first time; a listener that is added later is told so all the same. */
  ready: [];
  /** Flag state was replaced, and is in force: some flags answer differently. Never told of the first flag state. */
  change: [change: ChangeEvent];
  /** The status has changed. */
  status: [event: StatusEvent];
  /** The flag state may be outdated from now on. */
  stale: [];
  /** The flag state is current again. */
  recovered: [];
  /** A request, a stream or the background task failed; the client goes on. */
  error: [error: FliptError];
  /** The client was closed. No event comes after this one. */
  closed: [];
}

/** How a listener is removed beside the function that its registration returns. */
export interface ListenOptions {
  /** Removes the listener when it is aborted. */
  signal?: AbortSignalLike | undefined;
}

/** What there is behind the events of a client. */
export interface EventSource {
  /** Whether there is flag state. */
  isReady(): boolean;
  /** Names the events that somebody listens to. */
  listen(names: readonly (keyof ClientEvents)[]): void;
  log(level: LogLevel, message: string): void;
}

const NAMES: readonly (keyof ClientEvents)[] = [
  'ready',
  'change',
  'status',
  'stale',
  'recovered',
  'error',
  'closed',
];

/** Those with listeners: nobody else may refer to them, yet they are not to be collected. */
const listening = new Set<EventHub>();

/** The listeners of a client. */
export class EventHub {
  readonly #source: EventSource;
  readonly #events = new Emitter<ClientEvents>({
    listenersChanged: () => this.#listen(),
    listenerFailed: (name, error) => this.#report(`the listener of '${name}'`, error),
  });
  readonly #flags = new Emitter<Record<string, [change: FlagChangeEvent]>>({
    listenersChanged: () => this.#listen(),
    listenerFailed: (name, error) => this.#report(`the listener of the flag '${name}'`, error),
  });
  #isClosed = false;

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** The events that somebody listens to. */
  get names(): (keyof ClientEvents)[] {
    const names = new Set(this.#events.names);
    if (this.#flags.names.length > 0) {
      names.add('change');
    }
    return [...names];
  }

  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (...args: ClientEvents[Name]) => void,
    options?: ListenOptions,
    isOnce = false,
  ): () => void {
    const problems = [...nameProblems(name), ...listenerProblems(listener)];
    const signal = readSignal(options, problems);
    refuse(problems);
    if (this.#isClosed) {
      return () => {};
    }
    const remove = this.#events.add(name, listener, { signal, isOnce: isOnce || name === 'ready' });
    if (name === 'ready' && this.#source.isReady()) {
      queueMicrotask(() => this.#events.tell('ready', listener as () => void));
    }
    return remove;
  }

  off<Name extends keyof ClientEvents>(
    name: Name,
    listener: (...args: ClientEvents[Name]) => void,
  ): void {
    refuse([...nameProblems(name), ...listenerProblems(listener)]);
    this.#events.remove(name, listener);
  }

  onFlagChange(
    flagKey: string,
    listener: (change: FlagChangeEvent) => void,
    options?: ListenOptions,
  ): () => void {
    const problems = [...flagKeyProblems(flagKey), ...listenerProblems(listener)];
    const signal = readSignal(options, problems);
    refuse(problems);
    return this.#isClosed ? () => {} : this.#flags.add(flagKey, listener, { signal });
  }

  changes(options?: CallOptions): AsyncIterableIterator<ChangeEvent> {
    const iterator = new ChangeIterator(readCallOptions(options).signal);
    if (this.#isClosed) {
      iterator.end();
      return iterator;
    }
    return iterator.start(() => {
      const stops = [
        this.#events.add('change', (change) => iterator.push(change)),
        this.#events.add('closed', () => iterator.end()),
      ];
      return () => stops.forEach((stop) => void stop());
    });
  }

  /** Delivers an event. */
  emit<Name extends keyof ClientEvents>(name: Name, ...args: ClientEvents[Name]): void {
    this.#events.emit(name, ...args);
  }

  /** Delivers a change, also to the listeners of its flags. */
  emitChange(change: ChangeEvent): void {
    this.#events.emit('change', change);
    if (this.#flags.names.length > 0) {
      for (const flagChange of flagChanges(change)) {
        this.#flags.emit(flagChange.flagKey, flagChange);
      }
    }
  }

  /** Delivers `closed`, once, and no event after it. */
  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#events.emit('closed');
    this.#events.clear();
    this.#flags.clear();
  }

  #listen(): void {
    const { names } = this;
    if (names.length > 0) {
      listening.add(this);
    } else {
      listening.delete(this);
    }
    this.#source.listen(names);
  }

  #report(what: string, error: unknown): void {
    this.#source.log('warn', `${what} failed: ${thrownText(error)}`);
  }
}

function nameProblems(name: unknown): Problem[] {
  if (NAMES.includes(name as keyof ClientEvents)) {
    return [];
  }
  const received = typeof name === 'string' && name.length <= 32 ? `'${name}'` : describe(name);
  return [{ field: 'event', received, allowed: `one of ${NAMES.join(', ')}` }];
}

function listenerProblems(listener: unknown): Problem[] {
  return typeof listener === 'function'
    ? []
    : [{ field: 'listener', received: describe(listener), allowed: 'a function' }];
}

function flagKeyProblems(flagKey: unknown): Problem[] {
  if (isPresent(flagKey)) {
    return [];
  }
  const received = typeof flagKey === 'string' ? 'blank text' : describe(flagKey);
  return [{ field: 'flagKey', received, allowed: 'text that is not blank' }];
}
