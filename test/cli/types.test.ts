import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runNode } from '../support/child.ts';
import { file, folder, run, runJson, shopRecording } from '../support/cli.ts';
import { body, boolean, rule, segment, variant } from '../support/flags.ts';
import { serve } from '../support/harness.ts';

const root = join(import.meta.dirname, '../..');
/** A guard against a compiler that hangs. */
const SLOW_MS = 240_000;

const everyone = segment('everyone', []);

/** A project in which the package, and OpenFeature, can be imported. */
function project(): string {
  const path = folder();
  const link = (name: string, target: string): void => {
    const at = join(path, 'node_modules', name);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(target, at, 'junction');
  };
  link('flipt-native', root);
  link('@openfeature/core', join(root, 'node_modules/@openfeature/core'));
  link('@openfeature/server-sdk', join(root, 'node_modules/@openfeature/server-sdk'));
  return path;
}

/** The errors of the compiler for a program beside the declarations; none when it compiles. */
async function compiled(path: string, ending: 'mts' | 'cts', source: string): Promise<string[]> {
  file(path, `program.${ending}`, source);
  file(
    path,
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: 'node16',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: true,
        lib: ['es2022'],
        types: [],
      },
      files: [`program.${ending}`, 'flags.d.ts'],
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { code, stdout } = await runNode([tsc, '-p', path, '--pretty', 'false'], {
    hangAfterMs: SLOW_MS / 2,
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return code === 0 ? [] : lines.map((line) => line.replace(/^.*?error /, ''));
}

async function shopTypes(...options: string[]) {
  const path = project();
  const server = await serve({ namespace: 'shop', snapshot: shopRecording() });
  const env = { FLIPT_URL: server.url, FLIPT_NAMESPACE: 'shop' };
  const out = join(path, 'flags.d.ts');
  expect(await run(['types', '--out', out, ...options], env)).toMatchObject({
    code: 0,
    stderr: '',
  });
  return { path, out, server, env };
}

describe('types', () => {
  it('declares keys, variants and attachments, the same from a server and from a snapshot', async () => {
    const { out, path, env } = await shopTypes();
    const text = readFileSync(out, 'utf8');
    expect(
      text,
    ).toBe(`// Written by \`npx flipt-native types\`. Do not edit it; run that again when flags change.
// The flags of the namespace "shop".

export {};

declare global {
  interface FliptNativeFlags {
    'dark-mode': { boolean: boolean };
    'legacy-export': { string: 'off' };
    'maintenance-banner': { boolean: boolean };
    'new-checkout': { boolean: boolean };
    'price-rounding': { string: 'charm' | 'nearest' };
    'rate-limit': { string: '100' | '1000'; number: number };
    'search-ranking': {
      string: 'bm25' | 'hybrid' | 'neural';
      object: { b?: number; k1?: number; model?: string; rerank?: number; vector?: boolean };
    };
  }
}
`);
    expect((await run(['types'], env)).stdout).toBe(text);
    expect(await runJson(['types'], env)).toEqual({ flags: 7, declarations: text });
    const snapshot = join(path, 'shop.txt');
    await run(['snapshot', 'write', snapshot], env);
    expect((await run(['types', '--snapshot', snapshot])).stdout).toBe(text);
  });

  it('quotes whatever stands in keys and attachments', { timeout: SLOW_MS }, async () => {
    const path = project();
    const attachment = JSON.stringify([{ "it's": null }, { 'a-b': [[], ['x', 1]] }, '*/']);
    const flags = [
      boolean("it's \\ \u2028 `"),
      variant('mixed', [rule([everyone], 'a', attachment), rule([everyone], '-1.5e3')]),
      variant('torn', [rule([everyone], 'a', '{torn')]),
      variant('bare', []),
    ];
    const server = await serve({ snapshot: body(flags) });
    await run(['types', '--out', join(path, 'flags.d.ts'), '--url', server.url]);
    const source = `import type { FlagAttachment, FlagVariant, ObjectFlagKey } from 'flipt-native';
      export const keys: ObjectFlagKey[] = ['mixed'];
      export const variants: FlagVariant<'mixed'>[] = ['a', '-1.5e3'];
      export const attached: FlagAttachment<'mixed'> =
        [{ "it's": null }, { 'a-b': [[], ['x', 1]] }, 'text'];
      export const bare: FlagVariant<'bare'> = 'anything';`;
    expect(await compiled(path, 'mts', source)).toEqual([]);
  });

  it.each(['mts', 'cts'] as const)(
    'lets the compiler find wrong keys, in a .%s file',
    { timeout: SLOW_MS },
    async (ending) => {
      const { path } = await shopTypes();
      const source = `import type { FlagAttachment, FlagValues } from 'flipt-native';
      export function good(flags: FlagValues) {
        const attached = flags.getObjectValue<FlagAttachment<'search-ranking'>>('search-ranking', {});
        const k1: number | undefined = attached.k1;
        flags.getBooleanValue('dark-mode', false);
        flags.getBooleanDetails('dark-mode', false, { targetingKey: 'ann' });
        flags.getStringValue('rate-limit', 'x');
        flags.getNumberValue('rate-limit', 1);
        flags.variation('new-checkout', null, false);
        return { k1, all: flags.evaluateFlag('price-rounding'), why: flags.explain('dark-mode') };
      }
      export function bad(flags: FlagValues) {
        // @ts-expect-error: misspelt
        flags.getBooleanValue('dark-mood', false);
        // @ts-expect-error: a variant flag
        flags.getBooleanValue('rate-limit', false);
        // @ts-expect-error: no variant is a number
        flags.getNumberValue('price-rounding', 1);
        // @ts-expect-error: nothing is attached
        flags.getObjectValue('rate-limit', {});
        // @ts-expect-error: misspelt
        flags.evaluateFlag('dark-mood');
      }`;
      expect(await compiled(path, ending, source)).toEqual([]);
    },
  );

  it('changes nothing for a project without declarations', { timeout: SLOW_MS }, async () => {
    const path = project();
    file(path, 'flags.d.ts', 'export {};');
    const source = `import type { FlagValues } from 'flipt-native';
      export const any = (flags: FlagValues, flagKey: string) =>
        [flags.getBooleanValue(flagKey, false), flags.getStringValue('any', 'x')];`;
    expect(await compiled(path, 'mts', source)).toEqual([]);
  });

  it("declares OpenFeature's types of keys when asked to", { timeout: SLOW_MS }, async () => {
    const { path } = await shopTypes('--openfeature');
    const source = `import type { Client } from '@openfeature/server-sdk';
      export async function ask(client: Client) {
        await client.getBooleanValue('dark-mode', false);
        await client.getStringValue('rate-limit', 'x');
        await client.getNumberValue('rate-limit', 1);
        await client.getObjectValue('search-ranking', {});
        // @ts-expect-error: misspelt
        await client.getBooleanValue('dark-mood', false);
        // @ts-expect-error: nothing is attached
        await client.getObjectValue('rate-limit', {});
      }`;
    expect(await compiled(path, 'mts', source)).toEqual([]);
  });

  it('--check passes while the file is current, and fails when flags or the file change', async () => {
    const { out, env, server } = await shopTypes();
    const check = ['types', '--check', '--out', out];
    expect(await run(check, env)).toEqual({
      code: 0,
      signal: null,
      stdout: `${out} is current\n`,
      stderr: '',
    });
    const { digest, ...rest } = shopRecording();
    const flags = rest.flags.slice(1);
    server.setSnapshot({ ...rest, flags, digest: `${digest}x` }, { namespace: 'shop' });
    const before = readFileSync(out, 'utf8');
    expect(await run(check, env)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `flipt-native: ${out} is not what the flags are now; run it again without --check\n`,
    });
    expect(readFileSync(out, 'utf8')).toBe(before);
    expect(await runJson(['types', '--out', out], env)).toEqual({
      path: out,
      flags: 6,
      written: true,
    });
    expect(await runJson(check, env)).toEqual({ path: out, current: true });
    expect((await run(['types', '--check', '--out', `${out}.none`], env)).code).toBe(1);
  });
});
