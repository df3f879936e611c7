import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runNode } from '../support/child.ts';
import { file, folder, run, runJson, shopRecording } from '../support/cli.ts';
import { body, boolean, rule, segment, variant } from '../support/flags.ts';
import { serve } from '../support/harness.ts';

const root = join(import.meta.dirname, '../..');
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
        types: [],
      },
      files: [`program.${ending}`, 'flags.d.ts'],
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { code, stdout } = await runNode([tsc, '-p', path, '--pretty', 'false']);
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
    const snapshot = join(path, 'shop.txt');
    await run(['snapshot', 'write', snapshot], env);
    expect((await run(['types', '--snapshot', snapshot])).stdout).toBe(text);
  });

  it('quotes whatever stands in keys and attachments', async () => {
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
    async (ending) => {
      const { path } = await shopTypes();
      const good = `import { FliptClient, type FlagAttachment } from 'flipt-native';
      export async function ask(client: FliptClient) {
        const attached = client.getObjectValue<FlagAttachment<'search-ranking'>>('search-ranking', {});
        const k1: number | undefined = attached.k1;
        client.getBooleanValue('dark-mode', false);
        client.getBooleanDetails('dark-mode', false, { targetingKey: 'ann' });
        client.getStringValue('rate-limit', 'x');
        client.getNumberValue('rate-limit', 1);
        client.variation('new-checkout', null, false);
        return { k1, all: client.evaluateFlag('price-rounding'), why: client.explain('dark-mode') };
      }`;
      expect(await compiled(path, ending, good)).toEqual([]);
      const bad = `import type { FliptClient } from 'flipt-native';
      export function ask(client: FliptClient) {
        client.getBooleanValue('dark-mood', false);
        client.getBooleanValue('rate-limit', false);
        client.getNumberValue('price-rounding', 1);
        client.getObjectValue('rate-limit', {});
        client.evaluateFlag('dark-mood');
      }`;
      const errors = await compiled(path, ending, bad);
      expect(errors).toHaveLength(5);
      expect(errors.every((error) => error.startsWith('TS2345'))).toBe(true);
      // A project without declarations takes any text.
      file(path, 'flags.d.ts', 'export {};');
      expect(await compiled(path, ending, bad)).toEqual([]);
    },
  );

  it("declares OpenFeature's types of keys when asked to", async () => {
    const { path } = await shopTypes('--openfeature');
    const source = (boolean: string, object: string): string => `
      import type { Client } from '@openfeature/server-sdk';
      export async function ask(client: Client) {
        await client.getBooleanValue('${boolean}', false);
        await client.getObjectValue('${object}', {});
        await client.getNumberValue('rate-limit', 1);
      }`;
    expect(await compiled(path, 'mts', source('dark-mode', 'search-ranking'))).toEqual([]);
    expect(await compiled(path, 'mts', source('dark-mood', 'rate-limit'))).toHaveLength(2);
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
