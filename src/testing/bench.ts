import { loadNative } from '../addon.js';
import { describe } from '../encode.js';
import { invalidArgument } from '../errors.js';
import { ClientHost } from '../host.js';
import { listen, start } from '../init.js';
import type { LogLevel } from '../logger.js';
import type { NativeClient } from '../native.js';
import { Requests } from '../requests.js';
import type { Settings } from '../settings.js';
import { Complaints } from '../values/failure.js';
import { Observers } from '../values/observation.js';
import { type Entries, entriesOf, entryOf } from './entries.js';
import { currentLayer, type Layer, overlaid, runWithFlags } from './override-scope.js';
import { Recorder } from './recorder.js';
import { RecordingEvaluator, RecordingValuation } from './recording.js';
import type { RecordedEvaluation, TestFlag, Testing } from './types.js';
import { World } from './world.js';

const MOST = 10_000;
const MOST_ALLOWED = 1_000_000;

/** Calls of the addon that belong to the client and not to the flags that hold somewhere. */
const LIFE: ReadonlySet<PropertyKey> = new Set([
  'ready',
  'waitReady',
  'refresh',
  'reconnect',
  'close',
  'shutDown',
  'namespace',
  'status',
  'isReady',
  'takeEvents',
  'fetched',
  'obtainedCredential',
  'updateAuthentication',
]);

/** The flags that hold in some scope. */
interface Scoped {
  readonly base: Entries;
  readonly entries: Entries;
  readonly world: World;
}

/** What a test client has in place of a server. */
export class TestBench implements Testing {
  readonly host: ClientHost;
  /** The addon's side of the client, asked about the flags that hold where it is asked. */
  readonly native: NativeClient;
  readonly valuation: RecordingValuation;
  readonly evaluator: RecordingEvaluator;
  readonly observers: Observers;
  readonly #settings: Settings;
  readonly #recorder: Recorder;
  readonly #complaints: Complaints;
  readonly #base: World;
  readonly #first: Entries;
  #entries: Entries;
  readonly #scoped = new WeakMap<Layer, Scoped>();

  /** `settings` are those of a client that starts offline. */
  constructor(settings: Settings, flags: unknown, maxEvaluations: unknown) {
    // Listeners hear of what happens from now on, the flags of the beginning are none of it.
    const { onReady: _ready, onUpdate: _update, onError: _error, ...quiet } = settings;
    this.#settings = quiet;
    this.#recorder = new Recorder(readMost(maxEvaluations));
    this.#first = entriesOf(flags);
    this.#entries = this.#first;
    this.host = new ClientHost(new Requests(quiet), settings.logger, settings.environment);
    const native = start(loadNative(), quiet, this.host, false);
    this.#complaints = new Complaints(this.#warn);
    const log = (level: LogLevel, message: string): void => this.host.log(level, message);
    this.observers = new Observers(native.namespace(), log, settings.hooks);
    this.#base = this.#world(native);
    this.#base.show(this.#first);
    // What waits is of the flags of the beginning.
    this.host.inbox.drain();
    listen(this.host.inbox.events, settings);
    const current = (): World => this.#current();
    this.native = this.#guided(native);
    this.valuation = new RecordingValuation(this.#base, this.observers, current, this.#recorder);
    this.evaluator = new RecordingEvaluator(this.#base, current, this.#recorder);
  }

  get evaluations(): readonly RecordedEvaluation[] {
    return this.#recorder.evaluations;
  }

  clearEvaluations(): void {
    this.#recorder.clear();
  }

  resetFlags(): void {
    this.#show(this.#first);
  }

  overrideFlags<T>(flags: unknown, body: () => T): T {
    return runWithFlags(flags, this, body);
  }

  /** Puts a flag in force. */
  set(key: unknown, flag: TestFlag): void {
    if (typeof key !== 'string') {
      const received = describe(key);
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: 'flagKey',
        received,
        allowed: 'text',
      });
    }
    this.#show(new Map([...this.#entries, [key, entryOf(key, flag)]]));
  }

  /** Takes a flag away; one that is not there stays so. */
  remove(key: string): void {
    if (this.#entries.has(key)) {
      this.#show(new Map([...this.#entries].filter(([other]) => other !== key)));
    }
  }

  #show(entries: Entries): void {
    this.#base.show(entries);
    this.#entries = entries;
    // Listeners hear of it before the caller goes on.
    this.host.inbox.drain();
  }

  #current(): World {
    const layer = currentLayer();
    return layer === undefined || !this.#base.native.isReady() ? this.#base : this.#in(layer);
  }

  #in(layer: Layer): World {
    const known = this.#scoped.get(layer);
    if (known?.base === this.#entries) {
      return known.world;
    }
    const entries = overlaid(this.#entries, layer, this);
    const world = known?.world ?? (entries === this.#entries ? this.#base : this.#another());
    world.show(entries);
    this.#scoped.set(layer, { base: this.#entries, entries, world });
    return world;
  }

  /** Flags of their own for a scope; nobody listens to their changes. */
  #another(): World {
    const host = new ClientHost(new Requests(this.#settings), undefined);
    const native = start(loadNative(), this.#settings, host, false);
    return this.#world(native);
  }

  #world(native: NativeClient): World {
    return new World(native, this.#complaints, this.observers, this.#warn);
  }

  #guided(base: NativeClient): NativeClient {
    return new Proxy(base, {
      get: (_, name) => {
        if (name === 'setOffline') {
          return stayOffline;
        }
        const native = LIFE.has(name) ? base : this.#current().native;
        const value: unknown = Reflect.get(native, name, native);
        return typeof value === 'function' ? value.bind(native) : value;
      },
    });
  }

  readonly #warn = (message: string): void => this.host.log('warn', message);
}

/** There is no network to go to. */
const stayOffline: NativeClient['setOffline'] = (settle) => {
  queueMicrotask(() => settle({ ok: true }));
  return { abandon: () => {} };
};

function readMost(value: unknown): number {
  if (value === undefined || value === null) {
    return MOST;
  }
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_ALLOWED) {
    return value;
  }
  throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
    field: 'maxEvaluations',
    received: typeof value === 'number' ? String(value) : describe(value),
    allowed: `a whole number from 0 to ${MOST_ALLOWED}`,
  });
}
