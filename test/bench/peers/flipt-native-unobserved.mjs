import { createRequire } from 'node:module';

const { Observers } = createRequire(import.meta.url)('../../../dist/internal.js');

// Before the first evaluation: nobody ever asks whether there are hooks or subscribers.
Object.defineProperty(Observers.prototype, 'areOn', { get: () => false });

/** This package as it would be without hooks and channels. */
export const { open } = await import('./flipt-native.mjs');
