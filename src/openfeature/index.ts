export type { FliptFlagMetadata } from './flag-set.js';
export { FliptProvider } from './provider.js';
