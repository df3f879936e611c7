import { type Channel, channel } from 'node:diagnostics_channel';
import type { ChangeMessage, EvaluationMessage, SyncMessage } from './diagnostics.js';

/** The channels of this package. They are held here, for Node forgets a channel to which nobody refers. */
export const channels = {
  evaluation: channel('flipt-native:evaluation') as Channel<unknown, EvaluationMessage>,
  sync: channel('flipt-native:sync') as Channel<unknown, SyncMessage>,
  change: channel('flipt-native:change') as Channel<unknown, ChangeMessage>,
} as const;
