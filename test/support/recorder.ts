// Remembers the events of a client.

import type { ClientEvents, FliptClient } from './sdk.ts';

type Name = keyof ClientEvents;

/** Remembers every event of a client, in order, and can be waited for. */
export class Recorder {
  readonly events: { name: Name; argument: unknown }[] = [];
  #waiters: (() => void)[] = [];

  constructor(client: FliptClient, names: readonly Name[] = ALL) {
    for (const name of names) {
      client.on(name, (...args: unknown[]) => this.#add(name, args[0]));
    }
  }

  get names(): Name[] {
    return this.events.map(({ name }) => name);
  }

  /** What came with the events of a name. */
  of<N extends Name>(name: N): NonNullable<ClientEvents[N][0]>[] {
    const found = this.events.filter((event) => event.name === name);
    return found.map(({ argument }) => argument as NonNullable<ClientEvents[N][0]>);
  }

  /** Resolves once there are as many events of a name. */
  async waitFor<N extends Name>(name: N, count = 1): Promise<NonNullable<ClientEvents[N][0]>[]> {
    while (this.of(name).length < count) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    return this.of(name);
  }

  #add(name: Name, argument: unknown): void {
    this.events.push({ name, argument });
    for (const resolve of this.#waiters.splice(0)) {
      resolve();
    }
  }
}

const ALL: readonly Name[] = ['ready', 'change', 'status', 'stale', 'recovered', 'error', 'closed'];
