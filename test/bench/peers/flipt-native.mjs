import { createRequire } from 'node:module';
import { fliptLoops } from './flipt-loops.mjs';
import { openFeatureLoops } from './openfeature.mjs';

const { FliptClient } = createRequire(import.meta.url)('../../../dist/index.js');

/** This package, from the checkout's build. */
export async function open(definitions) {
  let client;
  const loops = await fliptLoops(definitions, async (fetcher) => {
    client = await FliptClient.init({ namespace: 'bench', updateInterval: 0, fetcher });
    return client;
  });
  return { ...loops, ...(await openFeatureLoops(client)) };
}
