import { built } from './built.mjs';
import { applications } from './next.mjs';
import { traced } from './nft.mjs';
import { executables } from './sea.mjs';

export const tools = ['test/install/bundlers'];

export const rows = [...built, ...traced, ...executables, ...applications];
