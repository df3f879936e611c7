import { existsSync } from 'node:fs';
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
  machine ??= thisMachine(home(), beside);
  return machine;
}

/** The folder of this code. Bundlers leave no name for it, or that of a folder which is only theirs. */
function home(): string | undefined {
  return typeof __dirname === 'string' && existsSync(__dirname) ? __dirname : undefined;
}

/**
 * The file of a platform package where package managers put it. Programs that trace which files a program needs evaluate
 * this very expression, so that they take the addon along.
 */
function beside(suffix: string): string {
  return `${__dirname}/../../@flipt-native/${suffix}/flipt_native.node`;
}
