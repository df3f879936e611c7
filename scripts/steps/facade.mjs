import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Subpaths of the original package that native code cannot serve, each with the package to use in a browser. */
const unsupported = {
  browser: 'in browsers use "@flipt-io/flipt-client-js/browser"',
  slim: 'in browsers use "@flipt-io/flipt-client-js/slim"',
  'engine.wasm': 'in browsers use "@flipt-io/flipt-client-js/browser", which brings its own engine',
};

/** What a bundle says that is an ES module with a `require` which knows no module of Node's. */
const bundled =
  "flipt-native was bundled into an ES module, where its code cannot require the modules of Node: leave it out of the bundle (external: ['flipt-native'] of esbuild) and deploy node_modules beside the output";

/** Only bundlers let a module see a `require`; the code behind the facade would fail in it with words of theirs. */
const requireCheck = `if (typeof require === 'function') {
  try {
    require('node:module');
  } catch (cause) {
    throw Object.assign(new Error(${JSON.stringify(bundled)}, { cause }), { code: 'FLIPT_NATIVE_LOAD' });
  }
}
`;

/**
 * Writes what ESM users import, from what each entry point exports: names only, the implementation stays the one
 * CommonJS copy, so that a process that mixes `import` and `require` has one set of classes.
 */
export function writeFacade(dist, exported) {
  mkdirSync(join(dist, 'esm'));
  write(join(dist, 'esm', 'require.mjs'), requireCheck);
  for (const [name, names] of Object.entries(exported)) {
    writeEntryPoint(join(dist, 'esm', name), `../${name}.js`, names);
  }
  mkdirSync(join(dist, 'unsupported'));
  for (const [name, advice] of Object.entries(unsupported)) {
    writeUnsupported(join(dist, 'unsupported', name), name, advice, exported.index.values);
  }
}

function writeEntryPoint(path, from, { values, types }) {
  write(
    `${path}.mjs`,
    `import './require.mjs';\nimport implementation from '${from}';\n\nexport const {\n${list(values)}} = implementation;\n`,
  );
  write(
    `${path}.d.mts`,
    `export {\n${list(values)}} from '${from}';\nexport type {\n${list(types)}} from '${from}';\n`,
  );
}

/**
 * A module that throws on load. The ESM form throws by itself (Node 20 ends the process when an imported CommonJS module
 * throws, even if the import is caught) and has the usual names, or a named import would fail with a message of Node's.
 */
function writeUnsupported(path, name, advice, values) {
  const message = `flipt-native/${name} is not available: flipt-native is native code for Node. On Node use "flipt-native"; ${advice}.`;
  const failure = `throw new Error(${JSON.stringify(message)});\n`;
  const declaration = `/** ${message} */\nexport {};\n`;
  write(`${path}.js`, `'use strict';\n\n${failure}`);
  write(`${path}.mjs`, `export let ${values.join(', ')};\nexport default undefined;\n\n${failure}`);
  write(`${path}.d.ts`, declaration);
  write(`${path}.d.mts`, declaration);
}

const list = (names) => names.map((name) => `  ${name},\n`).join('');

const write = (file, text) => writeFileSync(file, text);
