import { changeOf } from './changes.js';
import { fromNative } from './errors.js';
import { EventHub, type EventSource } from './events.js';
import type { LogLevel } from './logger.js';
import type { NativeClient, NativeEvent } from './native.js';
import { statusOf } from './status.js';

/** What an inbox needs of its client. */
interface Owner {
  readonly native: NativeClient | undefined;
  readonly hasLogger: boolean;
  log(level: LogLevel, message: string): void;
}

/** Takes what the addon has kept and passes it on: lines to the logger, everything else to the listeners. */
export class Inbox implements EventSource {
  readonly events: EventHub = new EventHub(this);
  readonly #owner: Owner;
  #isClosing = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** The kinds of events that the addon has to keep. */
  get kinds(): string[] {
    return [...(this.#owner.hasLogger ? ['log'] : []), ...this.events.names];
  }

  isReady(): boolean {
    return this.#owner.native?.isReady() ?? false;
  }

  listen(): void {
    this.#owner.native?.listen(this.kinds);
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
    this.events.close();
  }

  #take(): readonly NativeEvent[] {
    try {
      return this.#owner.native?.takeEvents() ?? [];
    } catch (error) {
      this.log('error', `events could not be read: ${String(error)}`);
      return this.#owner.native?.takeEvents() ?? [];
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
    const { events } = this;
    switch (event.kind) {
      case 'change': {
        const { digest, at, ...change } = event.change;
        events.emitChange(changeOf({ ...change, digest, at: new Date(at) }));
        break;
      }
      case 'status': {
        const previous = statusOf(event.previous);
        const current = statusOf(event.current);
        events.emit('status', Object.freeze({ previous, current }));
        break;
      }
      case 'error':
        events.emit('error', fromNative(event.error));
        break;
      case 'closed':
        events.close();
        break;
      case 'ready':
      case 'stale':
      case 'recovered':
        events.emit(event.kind);
        break;
      default:
        break;
    }
  }
}

/** Whether an event says that the client is closed. */
function isFarewell(event: NativeEvent): boolean {
  return (
    event.kind === 'closed' || (event.kind === 'status' && event.current.connection === 'closed')
  );
}
