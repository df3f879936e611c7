import { homedir, userInfo } from 'node:os';
import { root } from '../steps/process.mjs';

/** Where people and build machines keep their files. */
const PLACES =
  /(?:\/(?:home|Users|root|github|__w|builds|workspace)\/|[A-Za-z]:[\\/](?:Users|a|b)[\\/])[\w.+@\\/-]*/g;

/** An absolute path of a source file or of debug information. */
const SOURCES =
  /(?<![\w.+@\\/-])(?:[A-Za-z]:[\\/]|\/)(?:[\w.+@-]+[\\/])+[\w.+-]+\.(?:rs|c|cc|cpp|h|s|S|asm|pdb)(?![\w])/g;

/** What the standard library says of itself, and where our builds say that crates lie: the same on every machine. */
const PUBLISHED = /^\/(rustc[\\/][0-9a-f]{40}|rust[\\/]deps|crates)[\\/]/;

/** The paths of the machine that built it which stand in a binary, each once. */
export function buildPaths(buffer, own = machinePlaces()) {
  const text = buffer.toString('latin1');
  const found = new Set(own.filter((place) => text.includes(place)));
  for (const pattern of [PLACES, SOURCES]) {
    for (const [path] of text.matchAll(pattern)) if (!PUBLISHED.test(path)) found.add(path);
  }
  return [...found];
}

/** This machine is often the one that built it. */
function machinePlaces() {
  const user = userInfo().username;
  return [root, homedir(), `/${user}/`, `\\${user}\\`].filter((place) => place.length > 3);
}
