import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Where each deliberate difference from the published package is proved: files and titles. The rows of
 * `drop-in.test.ts` are observed in both packages.
 */
const proofs: Record<string, [file: string, ...titles: string[]][]> = {
  'polls every 120 s by default, never in step, or not at all': [
    ['drop-in.test.ts', 'polling with options that say nothing of it'],
    [
      'intervals.test.ts',
      '120 s by default, varied by a tenth',
      '0.01 to 86,400 s, and 0 for none',
    ],
    [
      'refresh.test.ts',
      '0 turns it off',
      'brings changes by itself, each wait within 10 % of updateInterval',
    ],
  ],
  'the error strategy decides, and no failure discards flag state': [
    ['drop-in.test.ts', 'a failing refresh under the default strategy'],
    ['init.test.ts', 'rejects under fail although a snapshot was given'],
    [
      'refresh.test.ts',
      'rejects under fail, the flag state stays',
      'resolves with false under fallback, the flag state stays',
    ],
  ],
  'ETag and flag state are installed together': [
    ['drop-in.test.ts', 'after one truncated 200'],
    [
      'refresh.test.ts',
      'one truncated 200 does not freeze the flags: ETag and snapshot are installed together',
    ],
  ],
  'the status decides on 304': [
    ['drop-in.test.ts', 'a 304 without an ETag'],
    ['refresh.test.ts', '304 without an ETag: the status decides'],
  ],
  'deadlines, and one fetch in flight': [
    ['drop-in.test.ts', 'a server that never answers', 'polls while one is not answered'],
    ['init.test.ts', 'rejects after initTimeoutMs although retries are left'],
  ],
  'older responses are dropped': [
    ['drop-in.test.ts', 'fetches of two refreshes at the same time'],
    [
      'refresh.test.ts',
      'overlapping calls share one fetch',
      'has one fetch in flight, so that an older response cannot overwrite a newer one',
    ],
  ],
  'no timer keeps the process alive': [
    ['drop-in.test.ts', 'timers that keep the process alive'],
    ['exit.test.ts', 'a script that never calls close() exits when its work is done'],
  ],
  'memory is released': [
    [
      'memory.test.ts',
      'flag state is released by close, without waiting for the collector',
      'a client that nobody holds is collected and ends, closed or not',
    ],
    ['close.test.ts', 'close resolves soon and leaves nothing'],
  ],
  'a closed client says so': [
    ['drop-in.test.ts', 'evaluation after close'],
    [
      'lifecycle.test.ts',
      'resolves, more than once, and afterwards every call fails with FLIPT_CLIENT_CLOSED',
    ],
  ],
  'large updates do not block the event loop': [
    ['drop-in.test.ts', 'the event loop during a large update'],
  ],
  'proxies and private authorities are honoured': [
    ['drop-in.test.ts', 'HTTP_PROXY'],
    ['proxies.test.ts', 'over %s heeds %s and %s, with exceptions'],
    [
      'networks.test.ts',
      '%s is honoured, beside the usual roots and caCert',
      'each worker thread has an environment of its own',
    ],
    ['streaming-options.test.ts', 'is that of the thread that calls init, as it is then'],
  ],
  'types fit every way to import': [
    ['drop-in.test.ts', 'types in CommonJS with node16'],
    [
      'types/run.mjs',
      'Compiles the consumer programs against the built package in every setting that users have.',
    ],
  ],
  'Jest and vitest, without flags': [
    ['drop-in.test.ts', 'plain Jest, without flags'],
    ['exit.test.ts', 'vitest in %s ends by itself'],
  ],
  'nothing is printed': [
    ['drop-in.test.ts', 'printing on init'],
    ['lifecycle.test.ts', 'prints nothing, not on init, not on failures'],
  ],
  'values of the context': [
    ['drop-in.test.ts', 'a number in the context', 'no context'],
    ['context.test.ts', '%s is absent', 'a value that the flag does not read is refused as well'],
  ],
  'URLs are encoded': [
    ['drop-in.test.ts', 'a namespace, a reference and a base path that need care'],
    ['refresh.test.ts', 'namespace and reference encoded, below any base path'],
  ],
  'one bad flag spoils no other': [
    ['drop-in.test.ts', 'a flag without name'],
    ['evaluation.test.ts', 'a flag without name is tolerated; a malformed one spoils only itself'],
  ],
  'hooks are isolated': [
    ['drop-in.test.ts', 'a hook.before that throws'],
    [
      'hook.test.ts',
      'a throwing hook.before does not break the evaluation; its errors go to the logger',
    ],
  ],
  'evaluation follows the server': [
    [
      'drop-in.test.ts',
      'a number beyond 32 bits in a constraint',
      'a number with a fraction in a constraint',
      'a date in a constraint',
    ],
    ['evaluation.test.ts', 'splits as the server does: v1 leaves a gap where v2 normalises'],
  ],
  'one bad item spoils no batch': [
    ['drop-in.test.ts', 'one bad item in a batch'],
    [
      'context.test.ts',
      'becomes an error item and one warning that names the field; the others are evaluated',
    ],
  ],
  'bad options are refused, all of them at once': [
    ['drop-in.test.ts', 'an unknown option'],
    ['options.test.ts', 'one error lists every bad field, whichever side knows it'],
  ],
};

describe('every deliberate difference is proved', () => {
  it.each(Object.entries(proofs))('%s', (_difference, places) => {
    for (const [file, ...titles] of places) {
      const path = join(import.meta.dirname, file);
      expect(existsSync(path), file).toBe(true);
      const text = readFileSync(path, 'utf8');
      expect(titles.filter((title) => !text.includes(title))).toEqual([]);
    }
  });
});
