import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { shop } from './support/flags.ts';
import { failureOf, Log, open, quiet, serve } from './support/harness.ts';
import { Recorder } from './support/recorder.ts';
import { FliptClient } from './support/sdk.ts';

const ask = (flagKey: string) => ({ flagKey, entityId: 'ann' });

function file(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-overrides-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'forced.json');
  writeFileSync(path, content);
  return path;
}

function inProduction(): void {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  onTestFinished(() => {
    process.env['NODE_ENV'] = before;
  });
}

describe('overrides', () => {
  it('are laid over the flag state of a server, on every way of asking', async () => {
    const server = await serve();
    const plain = await open(server);
    const client = await open(server, { overrides: { banner: true, mine: 'forced' } });
    expect(plain.evaluateBoolean(ask('banner')).enabled).toBe(false);
    expect(client.evaluateBoolean(ask('banner'))).toMatchObject({
      enabled: true,
      reason: 'DEFAULT_EVALUATION_REASON',
    });
    expect(client.evaluateVariant(ask('mine')).variantKey).toBe('forced');
    expect(
      client.evaluateBatch([ask('banner'), ask('mine')]).responses.map(({ type }) => type),
    ).toEqual(['BOOLEAN_EVALUATION_RESPONSE_TYPE', 'VARIANT_EVALUATION_RESPONSE_TYPE']);
    expect(client.listFlags().map(({ key }) => key)).toContain('mine');
    expect(client.getSnapshot()).toBe(plain.getSnapshot());
    expect(client.getStringDetails('mine', '')).toMatchObject({
      value: 'forced',
      variant: 'forced',
      reason: 'STATIC',
    });
    expect(client.explain('banner')).toMatchObject({ rules: [], answer: { enabled: true } });
  });

  it('stay when the flag state changes, and are no change themselves', async () => {
    const server = await serve();
    const client = await open(server, { overrides: { banner: 'forced' } });
    const events = new Recorder(client);
    const { flags, ...rest } = shop();
    const others = flags.filter((one) => (one as { key: string }).key !== 'banner');
    server.setSnapshot({ ...rest, digest: 'other', flags: others });
    expect(await client.refresh()).toBe(false);
    expect(client.evaluateVariant(ask('banner')).variantKey).toBe('forced');
    server.setSnapshot({ ...rest, digest: 'fewer', flags: others.slice(1) });
    expect(await client.refresh()).toBe(true);
    const [change] = events.of('change');
    expect(change?.flagKeys).toEqual([(others[0] as { key: string }).key]);
    expect(client.evaluateVariant(ask('banner')).variantKey).toBe('forced');
  });

  it('come from a JSON file, too', async () => {
    const overrides = file('{ "a": true, "theme": { "z": 1, "a": 2 } }');
    const client = await FliptClient.init({ offline: true, overrides });
    expect(client.evaluateBoolean(ask('a')).enabled).toBe(true);
    expect(client.evaluateVariant(ask('theme')).variantAttachment).toBe('{ "z": 1, "a": 2 }');
    expect(client.status.source).toBe('empty');
    await client.close();
  });

  it.each([
    ['{', 'which'],
    ['[]', 'JSON that is not an object'],
    ['{"a":null}', 'overrides.a: received null'],
    ['', 'text that is not JSON'],
  ])('a file with %j is refused by name', async (content, told) => {
    const overrides = file(content);
    const error = (await failureOf(FliptClient.init({ offline: true, overrides }))) as Error;
    expect(error).toMatchObject({ code: 'FLIPT_OPTION_INVALID' });
    expect(error.message).toContain(overrides);
    expect(error.message).toContain(told === 'which' ? 'text that is not JSON' : told);
  });

  it('a file that is not there is refused by name', async () => {
    const overrides = join(tmpdir(), 'flipt-native-nowhere', 'forced.json');
    const error = (await failureOf(FliptClient.init({ offline: true, overrides }))) as Error;
    expect(error).toMatchObject({
      code: 'FLIPT_OPTION_INVALID',
      details: { problems: [{ field: 'overrides' }] },
    });
    expect(error.message).toContain(overrides);
  });

  it.each([
    [{ a: undefined, b: null }, ['overrides.b']],
    [{ a: Symbol('a'), b: new Date() }, ['overrides.a', 'overrides.b']],
    [true, ['overrides']],
    ['', ['overrides']],
  ])('values that make no flags: %o', async (overrides, fields) => {
    const error = await failureOf(FliptClient.init({ offline: true, overrides } as never));
    const { problems } = (error as { details: { problems: { field: string }[] } }).details;
    expect(problems.map(({ field }) => field)).toEqual(fields);
  });

  it('do not count in production, and one line says so', async () => {
    inProduction();
    const server = await serve();
    const logger = new Log();
    const missing = join(tmpdir(), 'flipt-native-nowhere', 'forced.json');
    for (const overrides of [{ banner: true }, missing]) {
      logger.entries.length = 0;
      const client = await open(server, { overrides, logger });
      await client.refresh();
      expect(client.evaluateBoolean(ask('banner')).enabled).toBe(false);
      const lines = logger.at('warn').filter((line) => line.includes('overrides are ignored'));
      expect(lines).toHaveLength(1);
    }
  });

  it('count in production where they are allowed', async () => {
    inProduction();
    const server = await serve();
    const logger = new Log();
    const options = { overrides: { banner: true }, allowOverridesInProduction: true, logger };
    const client = await FliptClient.init(quiet(server, options));
    expect(client.evaluateBoolean(ask('banner')).enabled).toBe(true);
    expect(logger.at('warn')).toEqual([]);
    await client.close();
  });
});
