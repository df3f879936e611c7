import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, runScript } from './support/child.ts';
import { broken, document, FeatureFolder } from './support/feature-files.ts';
import { failureOf, Log, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { type ClientOptions, FliptClient, internals, validateFeatures } from './support/sdk.ts';

const { convertFeatures } = internals;

/** A client on feature files, and what it tells. */
async function watching(path: string, options: ClientOptions = {}) {
  const { source, ...rest } = options;
  const client = await FliptClient.init({ source: { path, ...source }, ...rest });
  onTestFinished(() => client.close());
  return { client, told: new Recorder(client) };
}

const bannerOf = (client: FliptClient, flagKey = 'banner') =>
  client.evaluateBoolean({ flagKey, entityId: 'ann' }).enabled;

/** The places of mistakes: file, line and field. */
const placesOf = (error: unknown) =>
  (
    (error as { details: { problems?: readonly Record<string, unknown>[] } }).details.problems ?? []
  ).map(({ file, line, field }) => [file, line, field]);

describe('feature files in the place of a server', () => {
  it('are evaluated, and no server is asked', async () => {
    const server = await serve();
    const folder = new FeatureFolder({ 'shop/features.yaml': document(true) });
    const { client } = await watching(folder.path, {
      url: server.url,
      updateInterval: 0.01,
      authentication: { clientToken: 'unused' },
    });
    expect(bannerOf(client)).toBe(true);
    expect(client.status).toMatchObject({
      source: 'file',
      flagCount: 1,
      stale: false,
      connection: 'polling',
    });
    expect(client.status.digest).toMatch(/^[0-9a-f]{40}$/);
    await client.refresh();
    expect(server.requests).toHaveLength(0);
  });

  it('are read at any depth below a folder, and one directly in it is warned about', async () => {
    const logger = new Log();
    const folder = new FeatureFolder({
      'a/features.yml': document(true, { key: 'one' }),
      'a/b/c/features.json': JSON.stringify({ flags: [{ key: 'two', name: 'Two' }] }),
      '.hidden/features.yaml': document(true, { key: 'three' }),
      'features.yaml': document(true, { key: 'skipped' }),
      'a/flags.yaml': 'not: [read',
      '.git/features.yaml': 'not: [read',
    });
    const { client } = await watching(folder.path, { logger });
    expect(client.listFlags().map(({ key }) => key)).toEqual(['three', 'two', 'one']);
    expect(await logger.waitFor('warn')).toContain(folder.at('features.yaml'));
  });

  it('are read directly in a folder when the path names the file', async () => {
    const folder = new FeatureFolder({ 'features.yaml': document(true) });
    const { client } = await watching(folder.at('features.yaml'));
    expect(bannerOf(client)).toBe(true);
  });

  it.each([
    [{ namespace: 'shop' }, {}],
    [{ namespace: 'other' }, { namespace: 'shop' }],
  ])('are those of one namespace: %j, source %j', async (options, source) => {
    const folder = new FeatureFolder({ 'features.yaml': document(true, { namespace: 'shop' }) });
    const path = folder.at('features.yaml');
    const { client } = await watching(path, { ...options, source: { path, ...source } });
    expect(bannerOf(client)).toBe(true);
  });

  it('that lose a segment in a served snapshot evaluate as on the server', async () => {
    const path = join(
      import.meta.dirname,
      'conformance/features/ok/28-documents-same-namespace/features.yaml',
    );
    const { client } = await watching(path, { namespace: 'same' });
    const answer = client.evaluateVariant({ flagKey: 'second', entityId: 'e1' });
    expect(answer).toMatchObject({ match: true, variantKey: 'on', segmentKeys: ['here', 'there'] });
    expect(bannerOf(client, 'third')).toBe(false);
  });
});

describe('a change', () => {
  it.each(['write', 'replace'] as const)('by %s is one event', async (way) => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(false) });
    const { client, told } = await watching(folder.path);
    folder[way]('a/features.yaml', document(true));
    const [change] = await told.waitFor('change');
    expect(change).toMatchObject({ modified: ['banner'], source: 'file' });
    expect(bannerOf(client)).toBe(true);
    await client.refresh();
    expect(told.of('change')).toHaveLength(1);
    expect(told.of('error')).toHaveLength(0);
  });

  it('of several files at once is one event', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const all = (enabled: boolean) =>
      names.map((key) => [`${key}/features.yaml`, document(enabled, { key })] as const);
    const folder = new FeatureFolder(Object.fromEntries(all(false)));
    const { client, told } = await watching(folder.path);
    for (const [name, text] of all(true)) {
      folder.replace(name, text);
    }
    const [change] = await told.waitFor('change');
    expect(change?.modified).toEqual(names);
    await client.refresh();
    expect(told.of('change')).toHaveLength(1);
  });

  it('may add and remove files and folders', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(true, { key: 'one' }) });
    const { client, told } = await watching(folder.path);
    folder.write('b/c/features.yaml', document(true, { key: 'two' }));
    await told.waitFor('change', 1);
    folder.remove('a');
    await told.waitFor('change', 2);
    expect(told.of('change').map(({ added, removed }) => [added, removed])).toEqual([
      [['two'], []],
      [[], ['one']],
    ]);
    expect(client.listFlags().map(({ key }) => key)).toEqual(['two']);
  });

  it('of a comment alone is no event', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(true) });
    const { client, told } = await watching(folder.path);
    const { digest } = client.status;
    folder.write('a/features.yaml', `# comment\n${document(true)}`);
    await expect.poll(() => client.status.digest, { timeout: 20_000 }).not.toBe(digest);
    expect(told.of('change')).toHaveLength(0);
  });

  it('is not noticed with watch off, but read by refresh', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(false) });
    const { client } = await watching(folder.path, { source: { path: folder.path, watch: false } });
    const watched = await watching(folder.path);
    folder.write('a/features.yaml', document(true));
    await watched.told.waitFor('change');
    expect(bannerOf(client)).toBe(false);
    expect(await client.refresh()).toBe(true);
    expect(bannerOf(client)).toBe(true);
  });
});

describe('a Kubernetes volume', () => {
  /** The files of a volume: links to files behind a link to the folder of their version. */
  function volume(text: string) {
    const folder = new FeatureFolder({ 'mount/..v1/features.yaml': text });
    symlinkSync('..v1', folder.at('mount/..data'));
    symlinkSync('..data/features.yaml', folder.at('mount/features.yaml'));
    return folder;
  }

  function swap(folder: FeatureFolder, version: string, text: string) {
    folder.write(`mount/${version}/features.yaml`, text);
    symlinkSync(version, folder.at('mount/..data_tmp'));
    renameSync(folder.at('mount/..data_tmp'), folder.at('mount/..data'));
    folder.remove('mount/..v1');
  }

  it.each(['mount/features.yaml', 'mount', '.'])(
    'is followed when it is named as %s',
    async (name) => {
      const folder = volume(document(false));
      const { client, told } = await watching(folder.at(name));
      expect(client.listFlags()).toHaveLength(1);
      swap(folder, '..v2', document(true));
      const [change] = await told.waitFor('change');
      expect(change).toMatchObject({ added: [], removed: [], modified: ['banner'] });
      expect(bannerOf(client)).toBe(true);
      expect(client.listFlags()).toHaveLength(1);
      expect(told.of('error')).toHaveLength(0);
    },
  );
});

describe('a mistake', () => {
  it('keeps the flag state, is told once with its places, and ends with the next good file', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(false) });
    const { client, told } = await watching(folder.path);
    folder.write('a/features.yaml', broken);
    const [error] = await told.waitFor('error');
    expect(error).toMatchObject({ code: 'FLIPT_SOURCE_INVALID', name: 'ValidationError' });
    const file = folder.at('a/features.yaml');
    expect(placesOf(error)).toEqual([
      [file, 2, 'flags[0].key'],
      [file, 4, 'flags[0].enabled'],
    ]);
    expect(error?.message).toContain(`${file}:2:8: flags[0].key: "ban ner"`);
    expect(bannerOf(client)).toBe(false);
    expect(client.status.lastError).toMatchObject({ code: 'FLIPT_SOURCE_INVALID' });
    // Another mistake is another error; between the two are looks that tell nothing.
    folder.write('a/features.yaml', 'flags: [');
    await told.waitFor('error', 2);
    folder.write('a/features.yaml', document(true));
    await told.waitFor('change');
    expect(told.of('error')).toHaveLength(2);
    expect(bannerOf(client)).toBe(true);
    expect(client.status.lastError).toBeUndefined();
  });

  it('may be a file that is written by and by', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(false) });
    const { client, told } = await watching(folder.path);
    const text = document(true);
    folder.write('a/features.yaml', text.slice(0, text.length - 10));
    await told.waitFor('error');
    expect(bannerOf(client)).toBe(false);
    folder.write('a/features.yaml', text);
    await told.waitFor('change');
    expect(bannerOf(client)).toBe(true);
    expect(told.of('error')).toHaveLength(1);
  });

  it('may be an empty file, which would take the namespace away', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(true) });
    const { client, told } = await watching(folder.path);
    folder.write('a/features.yaml', '');
    const [error] = await told.waitFor('error');
    expect(error?.message).toContain('no feature file has the namespace "default"');
    expect(bannerOf(client)).toBe(true);
  });

  it.each(['a/features.yaml', '.'])('may be that %s is gone', async (name) => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(true) });
    const { client, told } = await watching(folder.at(name));
    folder.remove(name);
    const [error] = await told.waitFor('error');
    expect(error).toMatchObject({ code: 'FLIPT_SOURCE_INVALID' });
    expect(bannerOf(client)).toBe(true);
    folder.write('a/features.yaml', document(false));
    await told.waitFor('change');
    expect(bannerOf(client)).toBe(false);
    expect(told.of('error')).toHaveLength(1);
  });

  it('at the start makes init reject with all of them', async () => {
    const folder = new FeatureFolder({
      'a/features.yaml': broken,
      'b/features.yaml': 'flags: 7\n',
    });
    const error = await failureOf(FliptClient.init({ source: { path: folder.path } }));
    expect(error).toMatchObject({ code: 'FLIPT_SOURCE_INVALID', retryable: false });
    expect(placesOf(error)).toEqual([
      [folder.at('a/features.yaml'), 2, 'flags[0].key'],
      [folder.at('a/features.yaml'), 4, 'flags[0].enabled'],
      [folder.at('b/features.yaml'), 1, 'flags'],
    ]);
  });

  it('at the start with fallback leaves the client without flag state until the file is good', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': broken });
    const { client, told } = await watching(folder.path, { errorStrategy: 'fallback' });
    expect(client.isReady).toBe(false);
    expect(client.status.source).toBe('none');
    folder.write('a/features.yaml', document(true));
    await client.waitForReady();
    expect(bannerOf(client)).toBe(true);
    expect(told.of('change')).toHaveLength(0);
  });

  it('of a constraint leaves its segment out, with a warning', async () => {
    const logger = new Log();
    const path = join(
      import.meta.dirname,
      'conformance/features/bad/116-dropped-number-value/features.yaml',
    );
    await watching(path, { logger });
    expect(await logger.waitFor('warn')).toContain(':16:70: segments[1].constraints[0].value');
  });
});

describe('watching ends', () => {
  it('with the client, also right after a change', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(false) });
    const { client, told } = await watching(folder.path);
    folder.write('a/features.yaml', document(true));
    await client.close();
    expect(client.status.connection).toBe('closed');
    expect(told.of('error')).toHaveLength(0);
  });

  it('with a process that never closes its client', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': document(true) });
    const finished = await runScript(
      `sdk.FliptClient.init({ source: { path: ${JSON.stringify(folder.path)} } }).then((client) =>
        done(client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled));`,
    );
    expect(answerOf(finished)).toBe(true);
    expect(finished.code).toBe(0);
  });
});

describe('the option source', () => {
  it.each<[object, string]>([
    [{ source: {} }, 'source.path'],
    [{ source: { path: '' } }, 'source.path'],
    [{ source: { path: 'x', watch: 1 } }, 'source.watch'],
    [{ source: { path: 'x', paht: 'y' } }, 'source.paht'],
    [{ source: { path: 'x' }, fetcher: async () => new Response() }, 'source'],
    [{ source: { path: 'x' }, fetchMode: 'streaming' }, 'fetchMode'],
    [{ source: { path: 'x' }, cache: { path: 'y' } }, 'cache'],
    [{ source: { path: 'x' }, logger: 1 }, 'logger'],
  ])('refuses %j', async (options, field) => {
    const error = await failureOf(FliptClient.init(options as ClientOptions));
    expect(error).toMatchObject({ code: 'FLIPT_OPTION_INVALID' });
    const { problems = [] } = (error as { details: { problems?: { field: string }[] } }).details;
    expect(problems.map((problem) => problem.field)).toEqual([field]);
  });
});

describe('validateFeatures', () => {
  it('reports what files hold', () => {
    const folder = new FeatureFolder({
      'a/features.yaml': `${document(true)}---\n${document(true, { namespace: 'shop' })}`,
      'features.yaml': document(true),
    });
    const report = validateFeatures(folder.path);
    expect(report).toMatchObject({
      files: 1,
      flags: 2,
      namespaces: [
        { key: 'default', flags: 1 },
        { key: 'shop', flags: 1 },
      ],
      problems: [],
    });
    expect(report.warnings.map(({ file }) => file)).toEqual([folder.at('features.yaml')]);
  });

  it('reports every mistake with its place', () => {
    const folder = new FeatureFolder({ 'a/features.yaml': broken });
    expect(validateFeatures(folder.path).problems).toEqual([
      {
        file: folder.at('a/features.yaml'),
        line: 2,
        column: 8,
        field: 'flags[0].key',
        reason: "\"ban ner\" may only hold letters, digits, '-', '_' and ',', at least one",
      },
      {
        file: folder.at('a/features.yaml'),
        line: 4,
        column: 12,
        field: 'flags[0].enabled',
        reason: 'must be true or false, is the text "yes"',
      },
    ]);
  });

  it('reports a path that leads nowhere, and refuses what is no path', async () => {
    const folder = new FeatureFolder();
    const [problem] = validateFeatures(folder.at('gone')).problems;
    expect(problem).toEqual({
      file: folder.at('gone'),
      field: '',
      reason: 'cannot be read: there is no such file or folder',
    });
    const error = await failureOf(() => validateFeatures(7 as never));
    expect(error).toMatchObject({ code: 'FLIPT_ARGUMENT_INVALID' });
  });
});

describe('convertFeatures', () => {
  it('gives the snapshot of a document, or every mistake in it', async () => {
    const snapshot = JSON.parse(convertFeatures(document(true, { namespace: 'shop' }), 'shop'));
    expect(snapshot.flags).toMatchObject([{ key: 'banner', enabled: true }]);
    expect(placesOf(await failureOf(() => convertFeatures(broken)))).toEqual([
      ['features document', 2, 'flags[0].key'],
      ['features document', 4, 'flags[0].enabled'],
    ]);
    const missing = await failureOf(() => convertFeatures(document(true), 'shop'));
    expect(missing).toMatchObject({ code: 'FLIPT_SOURCE_INVALID' });
  });
});
