// How long the event loop is held up while a snapshot is fetched and installed: node loop-delay.mjs <client> <url>

import { clientClass, median } from './client.mjs';

const [, , name, url] = process.argv;
const ROUNDS = 9;

/** The longest time between two turns of a busy loop while `work` goes on, in milliseconds. */
async function longestTurn(work) {
  let last = performance.now();
  let longest = 0;
  let going = true;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (going) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  await new Promise((resolve) => setTimeout(resolve, 20));
  going = false;
  return longest;
}

const FliptClient = await clientClass(name);
const client = await FliptClient.init({ url, namespace: 'bench', updateInterval: 0 });
const idle = [];
const busy = [];
const took = [];
for (let round = 0; round < ROUNDS; round++) {
  const started = performance.now();
  busy.push(
    await longestTurn(async () => {
      if (!(await client.refresh())) throw new Error('the refresh changed nothing');
      took.push(performance.now() - started);
    }),
  );
  idle.push(await longestTurn(() => new Promise((resolve) => setTimeout(resolve, took.at(-1)))));
}
process.send({
  idle: median(idle),
  busy: median(busy),
  worst: Math.max(...busy),
  took: median(took),
});
