import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installLocked } from '../scripts/steps/install.mjs';
import { answerOf, runNode } from './support/child.ts';
import { shop } from './support/flags.ts';
import { serve } from './support/harness.ts';
import type { RecordedRequest } from './support/server.mjs';

const root = join(import.meta.dirname, '..');
const sources = join(import.meta.dirname, 'drop-in');
const installed = join(sources, 'node_modules');
const tsc = join(root, 'node_modules/typescript/bin/tsc');

const FILES = [
  'consumer.mts',
  'differences.mjs',
  'plain.test.js',
  'handles.test.js',
  'forgotten.test.js',
];

const states = JSON.stringify({ states: { 1: shop(1), 2: shop(2) } });

let folder: string;

/** A project in which the old name is the published package, and one in which it is this one. */
const projects = { published: '', native: '' };

beforeAll(async () => {
  await installLocked('test/drop-in', 'installing the published package');
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-drop-in-')));
  projects.published = makeProject('published', join(installed, '@flipt-io/flipt-client-js'));
  projects.native = makeProject('native', root);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeProject(name: string, target: string): string {
  const project = join(folder, name);
  mkdirSync(join(project, 'node_modules/@flipt-io'), { recursive: true });
  symlinkSync(target, join(project, 'node_modules/@flipt-io/flipt-client-js'), 'junction');
  for (const file of FILES) {
    cpSync(join(sources, file), join(project, file));
  }
  // The same program in CommonJS has no top-level await.
  const program = readFileSync(join(sources, 'consumer.mts'), 'utf8');
  writeFileSync(join(project, 'consumer.cts'), program.replace('await main();', 'void main();'));
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  return project;
}

async function compile(project: string, file: string, ...options: string[]) {
  const { code, stdout } = await runNode(
    [
      tsc,
      file,
      '--ignoreConfig',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
      '--skipLibCheck',
      ...options,
    ],
    { cwd: project, hangAfterMs: 120_000 },
  );
  return { code, stdout };
}

const ESM = ['--module', 'esnext', '--moduleResolution', 'bundler'];

/** Runs a compiled program on a server of its own. */
async function run(project: string, file: string) {
  const server = await serve({
    token: 'secret',
    behaviour(exchange) {
      if (exchange.index === 2) {
        server.setSnapshot(shop(2));
      }
      exchange.serve();
    },
  });
  const finished = await runNode([join(project, file)], {
    cwd: project,
    env: { SERVER_URL: server.url },
  });
  return { observed: answerOf(finished) as Record<string, unknown>, requests: server.requests };
}

const essence = ({ method, path, headers }: RecordedRequest) => ({
  method,
  path,
  authorization: headers.authorization,
  condition: headers['if-none-match'],
  environment: headers['x-flipt-environment'],
});

describe('the same typed program against both packages', () => {
  it('compiles against both', async () => {
    for (const project of [projects.published, projects.native]) {
      expect(await compile(project, 'consumer.mts', ...ESM)).toEqual({ code: 0, stdout: '' });
    }
  }, 120_000);

  it('observes the same, and asks the server the same', async () => {
    const published = await run(projects.published, 'consumer.mjs');
    const native = await run(projects.native, 'consumer.mjs');
    expect(native.observed).toEqual(asDeclared(published.observed));
    expect(Object.keys(native.observed).length).toBeGreaterThan(35);
    expect(native.requests.map(essence)).toEqual(published.requests.map(essence));
  }, 60_000);
});

/**
 * What the published package's own declarations promise: a text as `variantAttachment` also without a variant, and the
 * duration of a batch. It leaves both out. The message of a failed request is each package's own.
 */
function asDeclared(observed: Record<string, unknown>): Record<string, unknown> {
  const declared = structuredClone(observed) as Record<string, Record<string, unknown>>;
  for (const [name, value] of Object.entries(declared)) {
    if (name.startsWith('variant') && 'variantKey' in value) {
      value['variantAttachment'] ??= '';
    } else if (Array.isArray(value['responses'])) {
      value['requestDurationMillis'] = 'number';
    }
  }
  return declared;
}

describe('what differs on purpose', () => {
  const rows: [row: string, published: unknown, native: unknown][] = [
    ['polling with options that say nothing of it', false, true],
    ['a failing refresh under the default strategy', 'resolves', 'rejects'],
    ['after one truncated 200', 'frozen', 'up to date'],
    ['a 304 without an ETag', 'rejects', false],
    ['polls while one is not answered', 'many', 'one'],
    ['fetches of two refreshes at the same time', 2, 1],
    ['timers that keep the process alive', 1, 0],
    ['evaluation after close', true, 'an error'],
    ['a number in the context', 'an error', false],
    ['no context', 'an error', false],
    ['a hook.before that throws', 'an error', true],
    ['one bad item in a batch', 'an error', ['BOOLEAN', 'ERROR']],
    ['an unknown option', 'ignored', 'an error'],
    ['a flag without name', 'an error', true],
    ['the event loop during a large update', 'stands still', 'turns'],
    ['HTTP_PROXY', 'ignored', 'honoured'],
    ['a namespace, a reference and a base path that need care', 'as they are', 'encoded'],
    ['a number beyond 32 bits in a constraint', false, true],
    ['a number with a fraction in a constraint', false, true],
    ['a date in a constraint', false, true],
    ['a server that never answers', 'hangs', 'rejects'],
  ];
  const observed = {
    published: {} as Record<string, unknown>,
    native: {} as Record<string, unknown>,
  };
  const printed = { published: '', native: '' };

  beforeAll(async () => {
    const observe = async (name: 'published' | 'native') => {
      const finished = await runNode([join(projects[name], 'differences.mjs')], {
        cwd: projects[name],
        env: { STATES: states, HTTP_PROXY: undefined, NO_PROXY: undefined, no_proxy: undefined },
        hangAfterMs: 60_000,
      });
      observed[name] = answerOf(finished) as Record<string, unknown>;
      printed[name] = finished.stderr;
    };
    await Promise.all([observe('published'), observe('native')]);
  }, 90_000);

  it.each(rows)('%s', (row, published, native) => {
    expect(observed.published[row]).toEqual(published);
    expect(observed.native[row]).toEqual(native);
  });

  it('every observation has a row', () => {
    expect(Object.keys(observed.native)).toEqual(rows.map(([row]) => row));
  });

  it('printing on init', () => {
    expect(printed.published).not.toBe('');
    expect(printed.native).toBe('');
  });

  it('types in CommonJS with node16', async () => {
    const options = ['--module', 'node16', '--moduleResolution', 'node16', '--noEmit'];
    expect((await compile(projects.published, 'consumer.cts', ...options)).code).not.toBe(0);
    expect(await compile(projects.native, 'consumer.cts', ...options)).toEqual({
      code: 0,
      stdout: '',
    });
  }, 120_000);

  it('plain Jest, without flags', async () => {
    const jest = join(installed, 'jest/bin/jest.js');
    const server = await serve({ snapshot: shop(2) });
    const inJest = (project: string, ...args: string[]) =>
      runNode([jest, '--rootDir', project, '--ci', '--no-cache', '--no-watchman', ...args], {
        cwd: project,
        env: { SERVER_URL: server.url, NODE_OPTIONS: undefined },
        hangAfterMs: 120_000,
      });
    const published = await inJest(projects.published, 'plain');
    expect(published.code).not.toBe(0);
    const native = await inJest(projects.native, 'plain', 'forgotten');
    expect(native.stderr).toMatch(/Tests: +3 passed, 3 total/);
    expect(native.stdout + native.stderr).not.toMatch(/did not exit/i);
    expect(native.code).toBe(0);
    const closed = await inJest(projects.native, 'plain', 'handles', '--detectOpenHandles');
    expect(closed.stderr).toMatch(/Tests: +3 passed, 3 total/);
    expect(closed.stdout + closed.stderr).not.toMatch(/open handle/i);
    expect(closed.code).toBe(0);
  }, 240_000);
});
