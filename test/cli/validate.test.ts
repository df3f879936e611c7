import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Running, run, runJson } from '../support/cli.ts';
import { broken, document, FeatureFolder } from '../support/feature-files.ts';

const shop = join(import.meta.dirname, '../conformance/demo/shop.features.yaml');

describe('validate', () => {
  it('passes good files and counts what is in them', async () => {
    expect(await run(['validate', shop])).toMatchObject({
      code: 0,
      stdout: '1 file, 1 namespace, 7 flags: no errors\n',
      stderr: '',
    });
  });

  it('prints everything that is wrong with its place, and exits with 1', async () => {
    const folder = new FeatureFolder({ 'a/features.yaml': broken, 'b/features.yaml': 'flags: [' });
    const { code, stdout, stderr } = await run(['validate', folder.path]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^\S+a\/features\.yaml:2:\d+ error\n {2}flags\[0\]\.key: .+$/m);
    expect(stdout).toMatch(/^\S+a\/features\.yaml:4:\d+ error\n {2}flags\[0\]\.enabled: .+$/m);
    expect(stdout).toMatch(/^\S+b\/features\.yaml:\d+:\d+ error\n {2}\S.+$/m);
    expect(stdout).toMatch(/: 3 errors\n$/);
    expect(await runJson(['validate', folder.path])).toMatchObject({
      path: folder.path,
      problems: [
        { file: expect.stringContaining('a/features.yaml'), line: 2, field: 'flags[0].key' },
        { line: 4, field: 'flags[0].enabled' },
        { file: expect.stringContaining('b/features.yaml') },
      ],
    });
  });

  it('passes with a warning for a file that a folder skips', async () => {
    const folder = new FeatureFolder({
      'features.yaml': document(true),
      'a/features.yaml': document(true),
    });
    const { code, stdout } = await run(['validate', folder.path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S*features\.yaml warning\n {2}.+\n/);
    expect(stdout).toMatch(/1 file, 1 namespace, 1 flag: no errors\n$/);
  });

  it('exits with 3 for a path that cannot be read', async () => {
    expect(await run(['validate', '/no/such/folder'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: 'flipt-native: cannot read /no/such/folder: there is no such file\n',
    });
  });
});

describe('--source', () => {
  it('evaluates, lists and declares the flags of files without a server', async () => {
    const { code, stdout, stderr } = await run(
      ['evaluate', 'new-checkout', '--source', shop, '-e', 'zed', '-c', 'staff=true', '--explain'],
      { FLIPT_URL: 'http://127.0.0.1:1' },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('segments  staff\n');
    expect(stdout).toContain('    ✓ staff is true, given "true"\n');
    expect(await runJson(['list', '--source', shop])).toHaveLength(7);
    expect((await run(['types', '--source', shop])).stdout).toContain(
      "'rate-limit': { string: '100' | '1000'; number: number };",
    );
  });

  it('takes the only namespace there is, and needs its name where there are more', async () => {
    const folder = new FeatureFolder({
      'a/features.yaml': document(true, { key: 'one', namespace: 'first' }),
      'b/features.yaml': document(true, { key: 'two', namespace: 'second' }),
    });
    const only = await run(['list', '--source', folder.at('a/features.yaml')]);
    expect(only.stdout).toContain('one');
    const named = await run(['list', '--source', folder.path, '-n', 'second']);
    expect(named.stdout).toContain('two');
    expect(named.stdout).not.toContain('one');
    for (const more of [[], ['-n', 'third']]) {
      const { code, stderr } = await run(['list', '--source', folder.path, ...more]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^flipt-native: .*name one with --namespace: first, second\n$/);
    }
  });

  it('refuses broken files with the advice to validate them', async () => {
    const folder = new FeatureFolder({ 'features.yaml': broken });
    const path = folder.at('features.yaml');
    const { code, stdout, stderr } = await run(['list', '--source', path]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^flipt-native: .+; flipt-native validate lists all .*\n$/);
    const missing = await run(['list', '--source', folder.at('none.yaml')]);
    expect(missing).toMatchObject({ code: 3, stdout: '' });
    expect(missing.stderr.split('\n')).toHaveLength(2);
  });

  it('is watched', async () => {
    const folder = new FeatureFolder({ 'features.yaml': document(false) });
    const path = folder.at('features.yaml');
    const watch = new Running(['watch', '--source', path]);
    await watch.until(/watching 1 flag;/);
    folder.replace('features.yaml', document(true));
    await watch.until(/modified {2}banner/);
    folder.replace('features.yaml', broken);
    await watch.until(/warning: /);
    folder.replace('features.yaml', document(true, { key: 'other' }));
    await watch.until(/added {5}other/);
    await watch.until(/removed {3}banner/);
    expect(await watch.interrupt()).toBe(0);
  });
});
