import { createRequire } from 'node:module';
import { fliptLoops } from './flipt-loops.mjs';

const { FliptClient } = createRequire(import.meta.url)('../../../dist/index.js');

/** This package, from the checkout's build. */
export const open = (definitions) =>
  fliptLoops(definitions, (fetcher) =>
    FliptClient.init({ namespace: 'bench', updateInterval: 0, fetcher }),
  );
