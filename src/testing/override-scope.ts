import { AsyncLocalStorage } from 'node:async_hooks';
import { type Entries, entriesOf } from './entries.js';

/** Flags that hold for a function and everything that it starts. */
export interface Layer {
  readonly entries: Entries;
  /** Whose flags they are; everybody's without. */
  readonly owner: object | undefined;
  readonly around: Layer | undefined;
}

/** Made when it is first needed: an evaluation without overrides does not look for any. */
let layers: AsyncLocalStorage<Layer> | undefined;

/** The innermost flags that hold here. */
export function currentLayer(): Layer | undefined {
  return layers?.getStore();
}

/** Runs a function with other flags for one client, or for all test clients. */
export function runWithFlags<T>(flags: unknown, owner: object | undefined, body: () => T): T {
  layers ??= new AsyncLocalStorage();
  const layer = { entries: entriesOf(flags), owner, around: layers.getStore() };
  return layers.run(layer, body);
}

/** The flags of a client with those laid over them that hold for it in a layer; the same ones where none do. */
export function overlaid(base: Entries, layer: Layer | undefined, client: object): Entries {
  if (layer === undefined) {
    return base;
  }
  const around = overlaid(base, layer.around, client);
  const applies = layer.owner === undefined || layer.owner === client;
  return applies && layer.entries.size > 0 ? new Map([...around, ...layer.entries]) : around;
}
