import { prepare } from './steps/prepare.mjs';
import { verb } from './steps/process.mjs';

// npm run build: dist and the release addon, when missing or changed; --force builds both anew, --hooks adds the tests' addon.
await verb(async (args) => {
  await prepare({ force: args.includes('--force'), hooks: args.includes('--hooks') });
});
