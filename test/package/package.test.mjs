import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer } from '../support/server.mjs';
import {
  execute,
  lend,
  platformPackage,
  publishAll,
  root,
  runProgram,
  suffix,
} from './projects.mjs';

const folder = mkdtempSync(join(tmpdir(), 'flipt-native-package-'));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const snapshot = readFileSync(join(root, 'test/conformance/demo/shop.snapshot.json'));
const binary = join(root, 'npm', suffix, 'flipt_native.node');

let published;
let server;
/** A project with the main package and the host's platform package. */
let complete;
/** A project without any platform package. */
let bare;

before(async () => {
  server = await startServer({ namespace: 'shop', snapshot });
  published = await publishAll(folder);
  complete = await published.install({ dependencies: { 'flipt-native': '*' } });
  bare = await published.install({ dependencies: { 'flipt-native': '*' } }, '--omit=optional');
});

after(async () => {
  await published?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the example of the README', () => {
  const expected = { code: 0, stdout: 'the new checkout\n', stderr: '' };

  it('runs as ESM', async () => {
    assert.deepEqual(await runProgram(complete, 'example.mjs', example()), expected);
  });

  it('runs as CommonJS', async () => {
    assert.deepEqual(await runProgram(complete, 'example.cjs', commonJs(example())), expected);
  });

  for (const [name, settings] of Object.entries({
    'node16, ESM': { file: 'node16.mts', emitted: 'node16.mjs', module: 'node16' },
    'node16, CommonJS': { file: 'node16.cts', emitted: 'node16.cjs', module: 'node16' },
    bundler: { file: 'bundler.ts', emitted: 'bundler.js', module: 'esnext' },
  })) {
    it(`compiles and runs as TypeScript (${name})`, async () => {
      const { file, emitted, module } = settings;
      lend(complete, 'typescript', '@types/node', 'undici-types');
      writeFileSync(join(complete, file), file.endsWith('.cts') ? commonTs(example()) : example());
      const compiled = await execute(
        process.execPath,
        [
          ...['node_modules/typescript/bin/tsc', '--ignoreConfig', file],
          ...['--module', module, '--moduleResolution', module === 'esnext' ? 'bundler' : module],
          ...['--target', 'es2022', '--strict', '--types', 'node', '--skipLibCheck'],
        ],
        { cwd: complete },
      );
      assert.deepEqual(compiled, { code: 0, stdout: '', stderr: '' });
      // What a bundler would be given; as a module, Node can run it alone.
      const runnable = emitted === 'bundler.js' ? 'bundler.mjs' : emitted;
      if (runnable !== emitted) copyFileSync(join(complete, emitted), join(complete, runnable));
      const ran = await execute(process.execPath, [runnable], { cwd: complete });
      assert.deepEqual(ran, expected);
    });
  }
});

describe('the module systems', () => {
  it('share one copy, and the facade exports all of it', async () => {
    const { code, stdout, stderr } = await runProgram(
      complete,
      'one-copy.mjs',
      `import * as esm from 'flipt-native';
import * as node from 'flipt-native/node';
import * as types from 'flipt-native/types';
import { createRequire } from 'node:module';
const cjs = createRequire(import.meta.url)('flipt-native');
const names = Object.keys(cjs).sort();
const same = [esm, node, types].every((module) => names.every((name) => module[name] === cjs[name]));
console.log(JSON.stringify({ same, names, esm: Object.keys(esm).sort() }));`,
    );
    assert.equal(code, 0, stderr);
    const { same, names, esm } = JSON.parse(stdout);
    assert.equal(same, true);
    assert.deepEqual(esm, names);
    assert.ok(names.includes('FliptClient') && names.includes('ErrorStrategy'), names.join());
  });

  for (const [subpath, message] of [
    [
      'browser',
      /flipt-native\/browser is not available.*use "flipt-native".*flipt-client-js\/browser/,
    ],
    ['slim', /flipt-native\/slim is not available.*use "flipt-native".*flipt-client-js\/slim/],
    [
      'engine.wasm',
      /flipt-native\/engine\.wasm is not available.*use "flipt-native".*its own engine/,
    ],
  ]) {
    it(`fail at /${subpath} with the alternative`, async () => {
      const path = `flipt-native/${subpath}`;
      for (const [name, source] of [
        ['subpath.cjs', `require('${path}')`],
        ['subpath.mjs', `import { FliptClient } from '${path}'; console.log(FliptClient)`],
        ['default.mjs', `import engine from '${path}'; console.log(engine)`],
      ]) {
        const { code, stderr } = await runProgram(complete, name, source);
        assert.equal(code, 1, name);
        assert.match(stderr, message, name);
      }
      const caught = await runProgram(
        complete,
        'caught.mjs',
        `await import('${path}').catch((error) => console.log(error.message));`,
      );
      assert.equal(caught.code, 0, caught.stderr);
      assert.match(caught.stdout, message);
    });
  }
});

describe('the command line', () => {
  it('is installed under the name of the package', async () => {
    const program = join('node_modules', '.bin', 'flipt-native');
    const args = [
      'evaluate',
      'new-checkout',
      '-n',
      'shop',
      '-e',
      'ada',
      '-c',
      'staff=true',
      '--json',
    ];
    const { code, stdout, stderr } = await execute(program, args, {
      cwd: complete,
      shell: process.platform === 'win32',
      env: { FLIPT_URL: server.url },
    });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    const { value, segmentKeys } = JSON.parse(stdout);
    assert.deepEqual({ value, segmentKeys }, { value: true, segmentKeys: ['staff'] });
  });
});

describe('the provider for OpenFeature', () => {
  const imports = `import { FliptProvider } from 'flipt-native/openfeature';`;
  const requires = `const { FliptProvider } = require('flipt-native/openfeature');`;
  const start = () =>
    `const provider = new FliptProvider(${JSON.stringify({ url: server.url, namespace: 'shop' })});`;
  const asked = `'new-checkout', false, { targetingKey: 'ada', email: 'ada@shop.example' }`;

  it('is there without the SDK, in one copy', async () => {
    const ran = await runProgram(
      complete,
      'without-sdk.mjs',
      `${imports}
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const same = require('flipt-native/openfeature').FliptProvider === FliptProvider;
const sdk = await import('@openfeature/server-sdk').catch(({ code }) => code);
${start()}
await provider.initialize();
const { value } = await provider.resolveBooleanEvaluation(${asked});
await provider.onClose();
console.log(same, sdk, value);`,
    );
    const stdout = 'true ERR_MODULE_NOT_FOUND true\n';
    assert.deepEqual(ran, { code: 0, stdout, stderr: '' });
  });

  for (const [name, load] of [
    ['with-sdk.mjs', `import { OpenFeature } from '@openfeature/server-sdk';\n${imports}`],
    ['with-sdk.cjs', `const { OpenFeature } = require('@openfeature/server-sdk');\n${requires}`],
  ]) {
    it(`serves the SDK (${name})`, async () => {
      lend(complete, '@openfeature/server-sdk', '@openfeature/core');
      const ran = await runProgram(
        complete,
        name,
        `${load}
${start()}
OpenFeature.setProviderAndWait(provider).then(async () => {
  console.log(await OpenFeature.getClient().getBooleanValue(${asked}));
  await OpenFeature.close();
});`,
      );
      assert.deepEqual(ran, { code: 0, stdout: 'true\n', stderr: '' });
    });
  }
});

describe('the old name', () => {
  it('serves a dependant that imports it', async () => {
    const alias = { '@flipt-io/flipt-client-js': 'npm:flipt-native@*' };
    const project = await published.install({
      dependencies: { dependant: '*', ...alias },
      overrides: alias,
    });
    const options = JSON.stringify({ url: server.url, namespace: 'shop' });
    const { code, stdout, stderr } = await runProgram(
      project,
      'index.cjs',
      `require('dependant').isOn(${options}, ${JSON.stringify(staff)}).then(console.log);`,
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'true\n', stderr: '' });
  });
});

describe('loading the addon', () => {
  const loads = `const { FliptClient } = require('flipt-native');
FliptClient.init({ url: process.argv[2] }).then(
  () => console.log('loaded'),
  ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })),
);`;

  it('takes the file that FLIPT_NATIVE_BINARY names', async () => {
    const elsewhere = join(folder, 'elsewhere.node');
    copyFileSync(binary, elsewhere);
    const found = await runProgram(bare, 'example.mjs', example(), {
      env: { FLIPT_NATIVE_BINARY: elsewhere },
    });
    assert.deepEqual(found, { code: 0, stdout: 'the new checkout\n', stderr: '' });
  });

  it('names the file of FLIPT_NATIVE_BINARY that is not there', async () => {
    const nowhere = join(folder, 'nowhere.node');
    const { name, code, message } = await loadFailure(complete, { FLIPT_NATIVE_BINARY: nowhere });
    assert.deepEqual({ name, code }, { name: 'InitializationError', code: 'FLIPT_NATIVE_LOAD' });
    assert.ok(message.includes(nowhere), message);
    assert.match(message, /cannot find module|no such file/i);
  });

  it('names the real cause of a file that is no addon', async () => {
    const text = join(folder, 'text.node');
    writeFileSync(text, 'not an addon');
    const { code, message } = await loadFailure(complete, { FLIPT_NATIVE_BINARY: text });
    assert.equal(code, 'FLIPT_NATIVE_LOAD');
    assert.ok(message.includes(text), message);
    assert.match(message, /it is no library of any system/);
  });

  it('lists every place tried when no platform package is installed', async () => {
    const { code, message } = await loadFailure(bare, {});
    assert.equal(code, 'FLIPT_NATIVE_LOAD');
    assert.ok(message.includes(platformPackage), message);
    assert.match(message, new RegExp(`${process.platform} ${process.arch}`));
    assert.match(message, /^remedy \(omitted\): /m);
  });

  async function loadFailure(project, env) {
    const { stdout, stderr } = await runProgram(project, 'load.cjs', loads, { env });
    assert.notEqual(stdout, 'loaded\n');
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  }
});

const staff = {
  flagKey: 'new-checkout',
  entityId: 'ada',
  context: { email: 'ada@shop.example' },
};

/** The first program of the README, with the test's server in the place of the reader's. */
function example() {
  const code = readme.match(/^```ts\n([^`]*from 'flipt-native'[^`]*)^```$/m)?.[1];
  assert.ok(code, 'README.md has no example');
  assert.ok(code.includes("'http://localhost:8080'"), 'the example has no server to replace');
  return code.replace("'http://localhost:8080'", JSON.stringify(server.url));
}

function commonJs(code) {
  const [, names] = code.match(/^import (\{[^}]*\}) from 'flipt-native';$/m);
  const body = code.replace(/^import .*$/m, '');
  return `const ${names} = require('flipt-native');\n(async () => {${body}})();\n`;
}

function commonTs(code) {
  const [line] = code.match(/^import .*$/m);
  return `${line}\nvoid (async () => {${code.replace(line, '')}})();\n`;
}
