import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { file, folder, run, runJson, shopRecording } from '../support/cli.ts';
import { body, boolean, rule, segment, variant } from '../support/flags.ts';
import { open, serve } from '../support/harness.ts';

const everyone = segment('everyone', []);
const colour = (attachment: string, rest: object = {}) =>
  variant('colour', [rule([everyone], 'gold', attachment)], rest);

/** Snapshots of the same flags before and after a change of each kind. */
async function twoSnapshots() {
  const into = folder();
  const server = await serve({
    snapshot: body([
      boolean('gone'),
      boolean('same'),
      boolean('switched'),
      colour('{"a":1,"b":[2]}'),
      variant('sized', [rule([everyone], 's')]),
    ]),
  });
  const [before, after] = [join(into, 'before.txt'), join(into, 'after.txt')];
  await run(['snapshot', 'write', before, '--url', server.url]);
  server.setSnapshot(
    body(
      [
        { ...boolean('same'), description: 'told otherwise' },
        boolean('switched', false),
        colour(' {"b":[2], "a":1}'),
        variant('sized', [rule([everyone], 'm')], { enabled: false }),
        boolean('fresh'),
      ],
      2,
    ),
  );
  await run(['snapshot', 'write', after, '--url', server.url]);
  return { before, after, into, server };
}

describe('snapshot write', () => {
  it('writes what a client starts from, and what the other verbs read without a server', async () => {
    const into = folder();
    const server = await serve({ namespace: 'shop', snapshot: shopRecording() });
    const path = join(into, 'shop.txt');
    const env = { FLIPT_URL: server.url, FLIPT_NAMESPACE: 'shop' };
    const { code, stdout } = await run(['snapshot', 'write', path], env);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `${path}: 7 flags of the namespace shop\n`,
    });
    const piped = await run(['snapshot', 'write'], env);
    expect(piped.stdout).toBe(readFileSync(path, 'utf8'));
    const json = await runJson(['snapshot', 'write'], env);
    expect(json).toEqual({ snapshot: piped.stdout.trim(), namespace: 'shop', flags: 7 });
    await server.close();

    const flags = await runJson(['list', '--snapshot', path]);
    expect(flags).toHaveLength(7);
    const evaluated = await run(['evaluate', 'dark-mode', '--snapshot', path]);
    expect(evaluated).toMatchObject({ code: 0, stderr: '' });
    expect(evaluated.stdout).toContain('value     true\n');

    const elsewhere = await serve({ snapshot: shopRecording(), namespace: 'other' });
    const client = await open(elsewhere, {
      namespace: 'shop',
      errorStrategy: 'fallback',
      snapshot: readFileSync(path, 'utf8').trim(),
    });
    expect(client.listFlags()).toHaveLength(7);
  });

  it('writes no file when there are no flags', async () => {
    const into = folder();
    const server = await serve();
    const path = join(into, 'none.txt');
    const { code } = await run(['snapshot', 'write', path, '--url', server.url, '-n', 'elsewhere']);
    expect(code).toBe(3);
    expect(() => readFileSync(path)).toThrow('ENOENT');
    const unwritable = await run([
      'snapshot',
      'write',
      join(into, 'no/such/folder'),
      '--url',
      server.url,
    ]);
    expect(unwritable.code).toBe(3);
    expect(unwritable.stderr).toMatch(/^flipt-native: cannot write .*: the system says ENOENT\n$/);
  });
});

describe('snapshot read', () => {
  it('lists what is in a snapshot, and in what a server answers', async () => {
    const into = folder();
    const { flags } = shopRecording();
    const answer = file(into, 'answer.json', JSON.stringify(shopRecording()));
    const { code, stdout } = await run(['snapshot', 'read', answer]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^namespace shop\n\nflag +type +enabled\n/);
    expect(await runJson(['snapshot', 'read', answer])).toMatchObject({
      namespace: 'shop',
      flags: flags.map((flag) => ({ key: (flag as { key: string }).key })),
    });
  });

  it('refuses what is no snapshot, and the namespace of another', async () => {
    const into = folder();
    const broken = file(into, 'broken.txt', 'bm90IGEgc25hcHNob3Q=');
    const cases: [args: string[], message: RegExp][] = [
      [
        ['snapshot', 'read', broken],
        /^flipt-native: .*snapshot write makes one that can be used\n$/,
      ],
      [
        ['snapshot', 'read', join(into, 'nowhere')],
        /^flipt-native: cannot read .*: there is no such file\n$/,
      ],
      [['snapshot', 'read'], /^flipt-native: the file is missing; /],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await run(args);
      expect({ args, stdout }).toEqual({ args, stdout: '' });
      expect(stderr).toMatch(message);
      expect(code).toBe(args.length === 2 ? 2 : 3);
    }
    const shop = file(into, 'shop.json', JSON.stringify(shopRecording()));
    const other = await run(['snapshot', 'read', shop, '-n', 'other']);
    expect(other.code).toBe(3);
  });
});

describe('snapshot diff', () => {
  it('tells which flags differ and in what, and exits with 1', async () => {
    const { before, after } = await twoSnapshots();
    const { code, stdout } = await run(['snapshot', 'diff', before, after]);
    expect(code).toBe(1);
    expect(stdout.trim().split('\n')).toEqual([
      'change    flag      in',
      'added     fresh',
      'removed   gone',
      'modified  sized     enabled, distributions',
      'modified  switched  enabled',
    ]);
    expect(await runJson(['snapshot', 'diff', before, after])).toEqual([
      { flagKey: 'fresh', kind: 'added', fields: [] },
      { flagKey: 'gone', kind: 'removed', fields: [] },
      { flagKey: 'sized', kind: 'modified', fields: ['enabled', 'distributions'] },
      { flagKey: 'switched', kind: 'modified', fields: ['enabled'] },
    ]);
  });

  it('exits with 0 when nothing does, and compares with a server', async () => {
    const { before, after, server } = await twoSnapshots();
    expect(await run(['snapshot', 'diff', before, before])).toMatchObject({
      code: 0,
      stdout: 'no flag differs\n',
    });
    expect((await run(['snapshot', 'diff', after, '--url', server.url])).code).toBe(0);
    expect((await run(['snapshot', 'diff', before, '--url', server.url])).code).toBe(1);
  });
});
