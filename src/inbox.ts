import { type ChangeEvent, changeOf } from './changes.js';
import { channels } from './channels.js';
import type { SyncEvent } from './diagnostics.js';
import { fromNative } from './errors.js';
import { EventHub, type EventSource } from './events.js';
import type { LogLevel } from './logger.js';
import type { NativeClient, NativeEvent } from './native.js';
import { statusOf } from './status.js';

/** The kinds of events that say how the connection fares, and those that say what it brought. */
const SYNC = ['ready', 'status', 'stale', 'recovered', 'error', 'closed'] as const;
const CHANGE = ['change'] as const;

/** What an inbox needs of its client. */
interface Owner {
  readonly native: NativeClient | undefined;
  readonly hasLogger: boolean;
  log(level: LogLevel, message: string): void;
}

/**
 * Takes what the addon has kept and passes it on: lines to the logger, everything else to the listeners and to the
 * subscribers of the channels.
 *
 * Nobody hears of it when a channel gets a subscriber. So every event that such a one may want is kept and wakes the
 * event loop; whether anybody wants it is asked then, and what nobody wants is dropped without becoming an object.
 * Events are turns, not heartbeats: there is none while nothing changes and nothing fails.
 */
export class Inbox implements EventSource {
  readonly events: EventHub = new EventHub(this);
  readonly #owner: Owner;
  #listened: readonly string[] = [];
  #isClosing = false;
  #isClosed = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** The kinds of events that the addon has to keep. */
  get kinds(): string[] {
    return [...this.#logged, ...SYNC, ...CHANGE];
  }

  isReady(): boolean {
    return this.#owner.native?.isReady() ?? false;
  }

  listen(names: readonly string[]): void {
    this.#listened = names;
  }

  log(level: LogLevel, message: string): void {
    this.#owner.log(level, message);
  }

  /** Passes on everything that waits. */
  drain(): void {
    for (const event of this.#take()) {
      this.#deliver(event);
    }
  }

  /** The client is being closed: whoever listens is told only that. */
  beginClosing(): void {
    this.#isClosing = true;
  }

  /** The client is closed: delivers what is left to be said. */
  endClosing(): void {
    this.drain();
    this.#close();
  }

  get #logged(): readonly string[] {
    return this.#owner.hasLogger ? ['log'] : [];
  }

  /** The kinds of events that somebody wants to be told of now. */
  get #wanted(): string[] {
    return [
      ...this.#logged,
      ...this.#listened,
      ...(channels.sync.hasSubscribers ? SYNC : []),
      ...(channels.change.hasSubscribers ? CHANGE : []),
    ];
  }

  #take(): readonly NativeEvent[] {
    const wanted = this.#wanted;
    try {
      return this.#owner.native?.takeEvents(wanted) ?? [];
    } catch (error) {
      this.log('error', `events could not be read: ${String(error)}`);
      return this.#owner.native?.takeEvents(wanted) ?? [];
    }
  }

  #deliver(event: NativeEvent): void {
    if (event.kind === 'log') {
      this.log(event.level, event.message);
    } else if (!this.#isClosing || isFarewell(event)) {
      this.#emit(event);
    }
  }

  #emit(event: NativeEvent): void {
    switch (event.kind) {
      case 'change': {
        const { digest, at, ...parts } = event.change;
        const change = changeOf({ ...parts, digest, at: new Date(at) });
        this.events.emitChange(change);
        this.#announceChange(change);
        break;
      }
      case 'status': {
        const previous = statusOf(event.previous);
        const current = statusOf(event.current);
        this.events.emit('status', Object.freeze({ previous, current }));
        this.#announce({ event: 'status', previous, current });
        break;
      }
      case 'error': {
        const error = fromNative(event.error);
        this.events.emit('error', error);
        this.#announce({ event: 'error', error });
        break;
      }
      case 'closed':
        this.#close();
        break;
      case 'ready':
      case 'stale':
      case 'recovered':
        this.events.emit(event.kind);
        this.#announce({ event: event.kind });
        break;
      default:
        break;
    }
  }

  #close(): void {
    this.events.close();
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#announce({ event: 'closed' });
    }
  }

  #announce(turn: SyncEvent): void {
    if (channels.sync.hasSubscribers) {
      channels.sync.publish(Object.freeze({ namespace: this.#namespace, ...turn }));
    }
  }

  #announceChange(change: ChangeEvent): void {
    if (channels.change.hasSubscribers) {
      channels.change.publish(Object.freeze({ namespace: this.#namespace, ...change }));
    }
  }

  get #namespace(): string {
    return this.#owner.native?.namespace() ?? '';
  }
}

/** Whether an event says that the client is closed. */
function isFarewell(event: NativeEvent): boolean {
  return (
    event.kind === 'closed' || (event.kind === 'status' && event.current.connection === 'closed')
  );
}
