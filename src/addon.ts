import { type Machine, thisMachine } from './loader/machine.js';
import { type Search, search } from './loader/search.js';
import type { NativeAddon } from './native.js';

let machine: Machine | undefined;
let loaded: NativeAddon | undefined;

/**
 * The addon of this machine and of this version: the file that `FLIPT_NATIVE_BINARY` names, else the checkout's, else the
 * installed platform package's. Loaded once.
 *
 * @throws InitializationError `FLIPT_NATIVE_LOAD` with what was tried, why each failed and what can be done
 */
export function loadNative(): NativeAddon {
  loaded ??= load();
  return loaded;
}

function load(): NativeAddon {
  const { addon, attempts } = examineLoading();
  if (addon === undefined) {
    // Loaded only now: where the addon loads, nobody needs it.
    const failure: typeof import('./loader/failure.js') = require('./loader/failure.js');
    throw failure.loadFailure(hostMachine(), attempts);
  }
  return addon;
}

/** Looks for the addon, and tells how it went. */
export function examineLoading(): Search {
  return search(hostMachine());
}

/** The machine that this copy of the package runs on. */
export function hostMachine(): Machine {
  // A bundler that makes modules leaves no such name.
  machine ??= thisMachine(typeof __dirname === 'string' ? __dirname : undefined);
  return machine;
}
