// Memory over many init/close: node --expose-gc churn.mjs <client> <url> <times>

import { clientClass, median, residentMemory } from './client.mjs';

const [, , name, url, times] = process.argv;
const FliptClient = await clientClass(name);
const samples = [];
const started = performance.now();
for (let index = 0; index < Number(times); index++) {
  const client = await FliptClient.init({ url, namespace: 'bench', updateInterval: 0 });
  client.evaluateBoolean({
    flagKey: 'flag-0',
    entityId: `user-${index}`,
    context: { plan: 'free' },
  });
  await client.close?.();
  samples.push(await residentMemory());
}
const third = Math.floor(samples.length / 3);
process.send({
  first: median(samples.slice(0, third)),
  middle: median(samples.slice(third, 2 * third)),
  last: median(samples.slice(2 * third)),
  millis: (performance.now() - started) / samples.length,
});
