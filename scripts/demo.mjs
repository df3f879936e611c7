import { parseArgs } from 'node:util';
import { prepare } from './steps/prepare.mjs';
import { StepError, verb } from './steps/process.mjs';

const usage = `npm run demo
npm run demo -- --stream
npm run demo -- --url URL [--environment NAME] [--namespace NAME] [--token CLIENT_TOKEN]`;

// npm run demo: recorded flag state on a local server, polled or streamed; with --url a tour of a live one.
await verb(async (args) => {
  const options = read(args);
  await prepare();
  const flipt = await import('flipt-native');
  if (options.stream) {
    const { streamDemo } = await import('./demo/stream.mjs');
    return (await streamDemo(flipt)) === 0 ? 0 : 1;
  }
  if (options.url === undefined) {
    const { shopDemo } = await import('./demo/shop.mjs');
    return (await shopDemo(flipt)) === 0 ? 0 : 1;
  }
  const { liveTour } = await import('./demo/live.mjs');
  try {
    await liveTour(flipt, options);
  } catch (error) {
    if (flipt.FliptError.is(error)) throw new StepError(`${error.code}: ${error.message}`);
    throw error;
  }
  return 0;
});

function read(args) {
  const text = { type: 'string' };
  try {
    const { values } = parseArgs({
      args,
      options: {
        stream: { type: 'boolean' },
        url: text,
        environment: text,
        namespace: text,
        token: text,
      },
    });
    const { stream, ...live } = values;
    if (stream && values.url !== undefined) throw new Error('--stream shows a local server');
    if (values.url === undefined && Object.keys(live).length > 0)
      throw new Error('--url is missing');
    return values;
  } catch (error) {
    throw new StepError(`${error.message}\n\n${usage}`);
  }
}
