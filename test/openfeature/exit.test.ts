import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { runScript } from '../support/child.ts';
import { built, type ClientOptions } from '../support/sdk.ts';
import { NAMESPACE, serveFlags } from './support.ts';

const require = createRequire(import.meta.url);

/** Runs a script with a provider of the SDK that is never closed. */
function withProvider(url: string, options: ClientOptions, source: string) {
  return runScript(
    `const { OpenFeature, ProviderEvents } = require(${JSON.stringify(require.resolve('@openfeature/server-sdk'))});
     const { FliptProvider } = require(${JSON.stringify(built('openfeature.js'))});
     const provider = new FliptProvider({ url, ...${JSON.stringify({ namespace: NAMESPACE, ...options })} });
     const flags = OpenFeature.getClient();
     for (const event of Object.values(ProviderEvents)) flags.addHandler(event, () => {});
     (async () => { ${source} })();`,
    url,
  );
}

describe('a process with a provider ends by itself', () => {
  it.each<[string, ClientOptions]>([
    ['polling', { updateInterval: 0.05 }],
    ['streaming', { fetchMode: 'streaming' }],
  ])('%s', async (_mode, options) => {
    const server = await serveFlags();
    const ended = await withProvider(
      server.url,
      options,
      `await OpenFeature.setProviderAndWait(provider);
       done(await flags.getStringValue('string-flag', 'bye'));`,
    );
    expect(ended).toEqual({ code: 0, signal: null, stdout: '"hi"', stderr: '' });
    await server.waitForConnections(0);
  });

  it('after a start that the server refused', async () => {
    const server = await serveFlags({ token: 'good' });
    const ended = await withProvider(
      server.url,
      {},
      `await OpenFeature.setProviderAndWait(provider).catch(({ code }) => done(code));`,
    );
    expect(ended).toEqual({ code: 0, signal: null, stdout: '"PROVIDER_FATAL"', stderr: '' });
  });
});
