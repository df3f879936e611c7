/** What tests see beside the entry points; built with them, never published. */
export { loadNative } from './addon.js';
export { changeOf, mergeChanges } from './changes.js';
export { errorClasses } from './errors.js';
export { EventHub } from './events.js';
export { convertFeatures } from './features.js';
export { Inbox } from './inbox.js';
export { counters, forcePath } from './path.js';
export { Observers } from './values/observation.js';
