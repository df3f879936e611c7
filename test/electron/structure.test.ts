// What the sources and the built addon are made of, as far as Electron minds.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostTarget } from '../../npm/targets.mjs';

const root = join(import.meta.dirname, '../..');
const isElf = process.platform === 'linux';
const addon = readFileSync(join(root, 'npm', hostTarget().suffix, 'flipt_native.node'));

/** Names that came after level 8 of Node-API, which every Electron with Node 20.19 or newer has. */
const LATER =
  /node_api_|napi_(?:symbol_for|create_external_string|get_module_file_name|post_finalizer)/;

const sources = readdirSync(join(root, 'bindings/src')).map((name) => ({
  name,
  text: readFileSync(join(root, 'bindings/src', name), 'utf8'),
}));

describe('the sources of the addon', () => {
  it('make no buffer of memory of their own, in any of the ways of napi', () => {
    const ways =
      /create_external|from_external|External(?:Ref)?<|ArrayBuffer(?:Slice)?::|Buffer(?:Slice)?::|Uint8Array::|->[^{;]*(?:Buffer|Array<u8>|Uint8)/;
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter(({ text }) => ways.test(text)).map(({ name }) => name)).toEqual([]);
    expect(ways.test('fn body(&self) -> Result<Buffer> {')).toBe(true);
    expect(ways.test('Ok(Uint8Array::from(bytes))')).toBe(true);
  });

  it('let JavaScript allocate the one buffer that both share', () => {
    const text = sources.map((one) => one.text).join('\n');
    expect(text.match(/sys::napi_create_\w*buffer\w*/g)).toEqual(['sys::napi_create_arraybuffer']);
  });

  it('ask for level 8 of Node-API, and look functions up when they are loaded', () => {
    const manifest = readFileSync(join(root, 'bindings/Cargo.toml'), 'utf8');
    const [, features = ''] = /^napi = \{.*features = \[(.*)\] \}$/m.exec(manifest) ?? [];
    expect(features.split(', ').sort()).toEqual(['"dyn-symbols"', '"napi8"']);
  });
});

describe('the built addon', () => {
  it('names no function of a later level', () => {
    const names = addon.toString('latin1').match(/\b(?:napi|node_api)_[a-z_0-9]+/g) ?? [];
    expect(names).toContain('napi_create_arraybuffer');
    expect(names.filter((name) => LATER.test(name))).toEqual([]);
  });

  it.runIf(isElf)('imports nothing of Node, and tells no level but the usual', () => {
    const names = dynamicNames(addon);
    expect(names).toContain('dlsym');
    expect(names.filter((name) => /napi_|node_api_|^uv_|^_ZN2v8/.test(name))).toEqual([
      'napi_register_module_v1',
    ]);
  });
});

/** Every name that an ELF file imports or exports. */
function dynamicNames(bytes: Buffer): string[] {
  const start = Number(bytes.readBigUInt64LE(40));
  const isLoaded = 2n;
  for (let index = 0; index < bytes.readUInt16LE(60); index++) {
    const at = start + index * bytes.readUInt16LE(58);
    const isStrings = bytes.readUInt32LE(at + 4) === 3;
    if (isStrings && (bytes.readBigUInt64LE(at + 8) & isLoaded) !== 0n) {
      const [offset, size] = [24, 32].map((field) => Number(bytes.readBigUInt64LE(at + field)));
      return bytes.toString('latin1', offset, (offset ?? 0) + (size ?? 0)).split('\0');
    }
  }
  throw new Error('the addon has no names');
}
