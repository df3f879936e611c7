import { run, verb } from './steps/process.mjs';

// npm run ready: exactly what CI does.
await verb(async () => (await run('bash', ['.ci/run'])).code);
