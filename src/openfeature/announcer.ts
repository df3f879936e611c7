import type {
  AnyProviderEvent,
  EventContext,
  ProviderEventEmitter,
  ServerProviderEvents,
} from '@openfeature/server-sdk';
import type { FliptClient } from '../client.js';
import { type Standing, standingOf } from './standing.js';

type State = Standing['state'];

const EVENTS = {
  READY: 'PROVIDER_READY',
  STALE: 'PROVIDER_STALE',
  ERROR: 'PROVIDER_ERROR',
  FATAL: 'PROVIDER_ERROR',
} as Readonly<Record<State, ServerProviderEvents>>;
const CHANGED = 'PROVIDER_CONFIGURATION_CHANGED' as ServerProviderEvents.ConfigurationChanged;

/** Taken at once: tests put other timers in the place of these. */
const nextTurn = setImmediate;

/** What may have changed the standing of a client. */
const SIGNS = ['ready', 'status', 'stale', 'recovered', 'error', 'closed'] as const;

/** Tells the SDK what becomes of a client, each transition once. How the client started, the SDK announces by itself. */
export class Announcer {
  readonly client: FliptClient;
  readonly #emitter: ProviderEventEmitter<AnyProviderEvent>;
  readonly #stops: (() => void)[] = [];
  /** What the SDK believes; it may still be about to say so. */
  #announced: State | undefined;
  #isHeld = true;
  #isStopped = false;

  constructor(client: FliptClient, emitter: ProviderEventEmitter<AnyProviderEvent>) {
    this.client = client;
    this.#emitter = emitter;
  }

  /**
   * How the client started. The SDK announces it once the promise of the initialisation is settled: whatever comes after
   * that moment is for this announcer to tell.
   */
  begin(): Standing {
    const standing = standingOf(this.client);
    if (this.#announced === undefined && !this.#isStopped) {
      this.#announced = this.client.isReady ? 'READY' : standing.state;
      this.#listen();
      nextTurn(() => {
        this.#isHeld = this.#isStopped;
        this.#catchUp();
      });
    }
    return standing;
  }

  /** Tells nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#isHeld = true;
    for (const stop of this.#stops.splice(0)) {
      stop();
    }
  }

  #listen(): void {
    for (const sign of SIGNS) {
      this.#stops.push(this.client.on(sign, () => this.#catchUp()));
    }
    this.#stops.push(
      this.client.on('change', ({ flagKeys }) =>
        this.#emitter.emit(CHANGED, { flagsChanged: [...flagKeys] }),
      ),
    );
  }

  #catchUp(): void {
    if (this.#isHeld) {
      return;
    }
    const standing = standingOf(this.client);
    // What is fatal stays so until there are flags, whatever else fails meanwhile.
    const isStillFatal =
      this.#announced === 'FATAL' && standing.state === 'ERROR' && !this.client.isReady;
    if (standing.state === this.#announced || isStillFatal) {
      return;
    }
    this.#announced = standing.state;
    this.#emitter.emit(EVENTS[standing.state], contextOf(standing));
  }
}

function contextOf(standing: Standing): EventContext {
  switch (standing.state) {
    case 'READY':
      return {};
    case 'FATAL':
      return { message: standing.message, errorCode: 'PROVIDER_FATAL' };
    default:
      return { message: standing.message };
  }
}
