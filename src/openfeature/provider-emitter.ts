import type {
  AnyProviderEvent,
  EventContext,
  EventHandler,
  Logger,
  ProviderEventEmitter,
} from '@openfeature/server-sdk';
import { isolate, thrownText } from '../logger.js';

type Handlers = readonly EventHandler[];

/**
 * The emitter of a provider, without any code of the SDK: that would have to be the copy that the application uses.
 * Handlers are called in order, each for itself; a handler that was added twice is called twice.
 */
export class ProviderEmitter implements ProviderEventEmitter<AnyProviderEvent> {
  /** Replaced, never changed: whoever is being called may add and remove handlers. */
  readonly #handlers = new Map<AnyProviderEvent, Handlers>();
  #logger: Logger | undefined;

  emit(eventType: AnyProviderEvent, context?: EventContext): void {
    for (const handler of this.#of(eventType)) {
      try {
        isolate(handler(context as Parameters<EventHandler>[0]), (error) => this.#report(error));
      } catch (error) {
        this.#report(error);
      }
    }
  }

  addHandler(eventType: AnyProviderEvent, handler: EventHandler): void {
    this.#handlers.set(eventType, [...this.#of(eventType), handler]);
  }

  removeHandler(eventType: AnyProviderEvent, handler: EventHandler): void {
    const handlers = [...this.#of(eventType)];
    const last = handlers.lastIndexOf(handler);
    if (last >= 0) {
      handlers.splice(last, 1);
      this.#handlers.set(eventType, handlers);
    }
  }

  removeAllHandlers(eventType?: AnyProviderEvent): void {
    if (eventType === undefined) {
      this.#handlers.clear();
    } else {
      this.#handlers.delete(eventType);
    }
  }

  getHandlers(eventType: AnyProviderEvent): EventHandler[] {
    return [...this.#of(eventType)];
  }

  setLogger(logger: Logger): this {
    this.#logger = logger;
    return this;
  }

  #of(eventType: AnyProviderEvent): Handlers {
    return this.#handlers.get(eventType) ?? [];
  }

  #report(error: unknown): void {
    try {
      this.#logger?.error(`a handler of the provider's events failed: ${thrownText(error)}`);
    } catch {
      // There is nobody left to tell.
    }
  }
}
