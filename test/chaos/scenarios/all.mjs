import { credentials } from './credentials.mjs';
import { differences } from './differences.mjs';
import { lifecycle } from './lifecycle.mjs';
import { network } from './network.mjs';
import { polls } from './polls.mjs';
import { races } from './races.mjs';
import { starts } from './starts.mjs';
import { streams } from './streams.mjs';

/** Every scenario; see scenario.mjs for what one is made of. */
export const scenarios = [
  ...polls,
  ...streams,
  ...races,
  ...network,
  ...credentials,
  ...starts,
  ...lifecycle,
  ...differences,
];
