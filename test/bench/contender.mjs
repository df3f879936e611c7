// One contender in a process of its own, driven over IPC by rounds.mjs: node contender.mjs <peer>

import { startWalk } from './walk.mjs';
import { cases, flags, keysOf, users } from './workload.mjs';

const { open } = await import(`./peers/${process.argv[2]}.mjs`);
const everybody = users();
const namespaces = new Map();
const walks = new Map();

/** A client with this many flags of a kind, opened once. */
async function namespaceOf({ count, kind }) {
  const name = `${kind}-${count}`;
  if (!namespaces.has(name)) {
    const definitions = flags(count, kind);
    const client = await open(definitions);
    const people = client.users(everybody);
    namespaces.set(name, { client, people, keys: keysOf(definitions) });
  }
  return namespaces.get(name);
}

const commands = {
  /** Calls from the beginning of the walk; every contender's sum can be compared. */
  async checksum({ namespace, asked, method, calls }) {
    const { client, people, keys } = await namespaceOf(namespace);
    return client[method](startWalk(keys.slice(0, asked), people), calls);
  },

  /** Nanoseconds of so many calls further along the walk. */
  async time({ namespace, asked, method, calls }) {
    const { client, people, keys } = await namespaceOf(namespace);
    const name = JSON.stringify([namespace, asked, method]);
    if (!walks.has(name)) walks.set(name, startWalk(keys.slice(0, asked), people));
    const walk = walks.get(name);
    const started = process.hrtime.bigint();
    await client[method](walk, calls);
    return Number(process.hrtime.bigint() - started);
  },

  async answers({ namespace }) {
    const { client, people, keys } = await namespaceOf(namespace);
    const answers = [];
    for (const [flag, user] of cases(keys.length)) {
      answers.push(await client.answer(namespace.kind, keys[flag], people[user]));
    }
    return answers;
  },

  async end() {
    for (const { client } of namespaces.values()) await client.close();
  },
};

process.on('message', async ({ command, ...parameters }) => {
  try {
    process.send({ value: await commands[command](parameters) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
  if (command === 'end') process.exit();
});
process.on('disconnect', () => process.exit());
process.send({ value: 'started' });
