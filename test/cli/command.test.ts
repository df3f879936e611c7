import { describe, expect, it } from 'vitest';
import { Output } from '../../src/cli/output.ts';
import { run, runJson } from '../support/cli.ts';
import { serve } from '../support/harness.ts';

const SECRET = 'a-very-secret-token';

describe('the command line', () => {
  it('shows help, for a verb, too', async () => {
    const { code, stdout } = await run(['help']);
    expect(code).toBe(0);
    for (const word of [
      'evaluate <flag>',
      'list',
      'snapshot',
      'validate',
      'types',
      'watch',
      'FLIPT_URL',
      'NO_COLOR',
      'Exit codes',
    ]) {
      expect(stdout).toContain(word);
    }
    for (const verb of ['evaluate', 'list', 'snapshot', 'validate', 'types', 'watch']) {
      const help = await run(['help', verb]);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toContain(`flipt-native ${verb}`);
      expect(help.stdout).toContain('--json');
      expect(Math.max(...help.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(
        80,
      );
      expect((await run([verb, '--help'])).stdout).toBe(help.stdout);
    }
  });

  it('knows its version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [
      'a verb that does not exist',
      ['evaluat', 'x'],
      /^flipt-native: there is no verb evaluat; there are /,
    ],
    [
      'an option that does not exist',
      ['list', '--nope'],
      /^flipt-native: unknown option '--nope'; .*help list/,
    ],
    [
      'a missing value',
      ['evaluate', 'x', '--entity'],
      /^flipt-native: option '-e, --entity <value>' argument missing;/,
    ],
    [
      'a missing word',
      ['evaluate'],
      /^flipt-native: <flag> is missing; it is flipt-native evaluate <flag>/,
    ],
    [
      'too many words',
      ['list', 'all'],
      /^flipt-native: there are too many words; it is flipt-native list\n/,
    ],
    [
      'a context without a value',
      ['evaluate', 'x', '-c', 'plan'],
      /^flipt-native: --context is not of the form key=value\n/,
    ],
    [
      'a bad timeout',
      ['list', '--timeout', 'soon'],
      /^flipt-native: --timeout is no number of seconds/,
    ],
    ['two places', ['list', '--url', 'http://x', '--snapshot', 'y'], /exclude each other/],
    ['a bad URL', ['list', '--url', 'ftp://example.com'], /^flipt-native: invalid options: url: /],
    ['an unknown snapshot verb', ['snapshot', 'eat'], /^flipt-native: there is no snapshot eat/],
    ['a check of nothing', ['types', '--check'], /^flipt-native: --check needs the file/],
    [
      'a watch of what never changes',
      ['watch', '--snapshot', 'x'],
      /^flipt-native: the flags of a snapshot do not change/,
    ],
  ])('exits with 2 and one line for %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.split('\n')).toHaveLength(2);
  });

  it('exits with 2 and the help without a word', async () => {
    const { code, stdout } = await run([]);
    expect(code).toBe(2);
    expect(stdout).toContain('Verbs');
  });

  it('gives up on a server that does not answer within the time', async () => {
    const server = await serve({ behaviour: 'neverAnswers' });
    const { code, stdout, stderr } = await run(['list', '--url', server.url, '--timeout', '0.4']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^flipt-native: .*; try again, or give it longer with --timeout\n$/);
  });

  it('says what to do about a server that is not there', async () => {
    const server = await serve();
    await server.close();
    const { code, stderr } = await run(['list', '--url', server.url]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^flipt-native: .*; is Flipt running there\? --url or FLIPT_URL says where it is\n$/,
    );
  });

  it.each([
    ['--token', ['--token', SECRET], {}],
    ['FLIPT_CLIENT_TOKEN', [], { FLIPT_CLIENT_TOKEN: SECRET }],
    ['FLIPT_JWT_TOKEN', [], { FLIPT_JWT_TOKEN: SECRET }],
    ['both variables', [], { FLIPT_CLIENT_TOKEN: SECRET, FLIPT_JWT_TOKEN: SECRET }],
  ])('never writes the token of %s', async (_, args, env) => {
    const server = await serve({ token: 'the right one' });
    const { code, stdout, stderr } = await run(['list', '--url', server.url, ...args], env);
    expect([2, 3]).toContain(code);
    expect(stderr).toMatch(/^flipt-native: .+\n$/);
    expect(stdout + stderr).not.toContain(SECRET);
  });

  it('says that a namespace does not exist', async () => {
    const server = await serve();
    const { code, stderr } = await run(['list', '--url', server.url, '-n', 'elsewhere']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/--namespace and --environment say which flags are meant\n$/);
  });

  it('writes no colour into a pipe, whatever the environment wants', async () => {
    const server = await serve();
    for (const env of [{}, { NO_COLOR: '1' }, { FORCE_COLOR: '1' }]) {
      const { stdout } = await run(['list', '--url', server.url], env);
      expect(stdout).toContain('checkout');
      expect(stdout).not.toContain('\u001b');
    }
  });
});

describe('list', () => {
  it('lists the flags, as JSON, too', async () => {
    const server = await serve();
    const { code, stdout } = await run(['list', '--url', server.url]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^flag +type +enabled +description\n/);
    expect(stdout).toMatch(/^checkout +boolean +off +about checkout$/m);
    expect(stdout).toMatch(/^colour +variant +on$/m);
    expect(stdout).toMatch(/\n5 flags\n$/);
    const flags = await runJson(['list'], { FLIPT_URL: server.url });
    expect(flags).toHaveLength(5);
    expect(flags).toContainEqual({
      key: 'checkout',
      enabled: false,
      type: 'BOOLEAN_FLAG_TYPE',
      description: 'about checkout',
    });
  });
});

describe('output', () => {
  const written = (isTTY: boolean, env: Record<string, string>) => {
    let text = '';
    const sink = { isTTY, columns: 80, write: (more: string) => (text += more) };
    const output = new Output(sink, sink, env);
    output.line(output.styled('red', 'flag\u001b[2J'));
    output.error('no\nflag\u001b[2J');
    return text;
  };

  it('has colour on a terminal, unless NO_COLOR or a dumb terminal says otherwise', () => {
    expect(written(true, {})).toContain('\u001b[31m');
    expect(written(true, { NO_COLOR: '' })).toContain('\u001b[31m');
    for (const [isTTY, env] of [
      [true, { NO_COLOR: '1' }],
      [true, { TERM: 'dumb' }],
      [false, {}],
    ] as const) {
      expect(written(isTTY, { ...env })).not.toContain('\u001b[31m');
    }
  });

  it('keeps an error on one line and steers no terminal', () => {
    expect(written(false, {})).toMatch(/\nflipt-native: no flag \[2J\n$/);
  });

  it('says what it waits for only on a terminal, and takes that away', async () => {
    const during = async (isTTY: boolean) => {
      let text = '';
      let shown = (): void => {};
      const isShown = new Promise<void>((resolve) => {
        shown = resolve;
      });
      const write = (more: string): void => {
        text += more;
        shown();
      };
      const output = new Output({ write }, { isTTY, write }, {});
      await output.during('loading', isTTY ? isShown : Promise.resolve());
      return text;
    };
    expect(await during(true)).toBe('\r\u001b[Kloading …\r\u001b[K');
    expect(await during(false)).toBe('');
  });
});
