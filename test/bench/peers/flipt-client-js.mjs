import { FliptClient } from '@flipt-io/flipt-client-js';
import { fliptLoops } from './flipt-loops.mjs';

/** Flipt's published client (WebAssembly), fed through its `fetcher` option. */
export const open = (definitions) =>
  fliptLoops(definitions, (fetcher) =>
    FliptClient.init({ namespace: 'bench', updateInterval: 0, fetcher }),
  );
