import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { layOutMain } from '../../npm/pack.mjs';

// Compiles the consumer programs against the built package in every setting that users have.
const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');

/** How a project finds modules: the ending of its files, and the compiler's options. */
const resolutions = {
  'node16, CommonJS': { ending: 'cts', module: 'Node16', moduleResolution: 'Node16' },
  'node16, ESM': { ending: 'mts', module: 'Node16', moduleResolution: 'Node16' },
  'nodenext, CommonJS': { ending: 'cts', module: 'NodeNext', moduleResolution: 'NodeNext' },
  'nodenext, ESM': { ending: 'mts', module: 'NodeNext', moduleResolution: 'NodeNext' },
  bundler: { ending: 'ts', module: 'ESNext', moduleResolution: 'Bundler' },
  node10: { ending: 'ts', module: 'CommonJS', moduleResolution: 'Node10' },
};

/** What surrounds a project: the libraries and global types it has. */
const surroundings = {
  'ES2022 alone': { lib: ['es2022'], types: [] },
  'with Node types': { lib: ['es2022'], types: ['node'], platform: true },
  'with DOM': { lib: ['es2022', 'dom', 'dom.iterable'], types: [], platform: true },
  'with both': { lib: ['es2022', 'dom', 'dom.iterable'], types: ['node'], platform: true },
};

const strictness = {
  strict: { strict: true },
  'strict and exact': {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
  },
};

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-types-')));
const parsed = new Map();
let passed = 0;
let failed = 0;
try {
  layOut();
  for (const [how, resolution] of Object.entries(resolutions)) {
    for (const [where, around] of Object.entries(surroundings)) {
      for (const [level, checks] of Object.entries(strictness)) {
        // The full product repeats itself: variations of one kind are tried in the barest surroundings.
        const isVariation = how.startsWith('nodenext') || level === 'strict';
        if (isVariation && where !== 'ES2022 alone') continue;
        report(`${how}, ${where}, ${level}`, compile(resolution, around, checks));
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`types: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** The package as it is installed, and each program with every ending; outside of the checkout, whose types it must not see. */
function layOut() {
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'flipt-native');
  layOutMain(installed);
  const lent = ['@types/node', 'undici-types', '@openfeature/core', '@openfeature/server-sdk'];
  for (const name of lent) {
    cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true });
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  for (const name of ['every-call', 'subpaths', 'testing', 'platform', 'openfeature']) {
    for (const ending of ['ts', 'cts', 'mts']) {
      cpSync(join(here, 'programs', `${name}.ts`), join(folder, `${name}.${ending}`));
    }
  }
}

function compile({ ending, module, moduleResolution }, { lib, types, platform }, checks) {
  const options = {
    ...checks,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind[module],
    moduleResolution: ts.ModuleResolutionKind[moduleResolution],
    lib: lib.map((name) => `lib.${name}.d.ts`),
    types,
    typeRoots: [join(folder, 'node_modules/@types')],
    ignoreDeprecations: '6.0',
    esModuleInterop: true,
    skipLibCheck: false,
    // The compiler's own libraries are not what is tested.
    skipDefaultLibCheck: true,
    noEmit: true,
  };
  const names = ['every-call', 'subpaths', 'testing', ...(platform ? ['platform'] : [])];
  // The SDK's own types need those of Node.
  if (types.includes('node')) names.push('openfeature');
  const files = names.map((name) => join(folder, `${name}.${ending}`));
  const program = ts.createProgram(files, options, host(options));
  return ts.getPreEmitDiagnostics(program);
}

/** A compiler host that parses the compiler's own libraries once for all compilations. */
function host(options) {
  const plain = ts.createCompilerHost(options);
  const libraries = dirname(ts.getDefaultLibFilePath(options));
  return {
    ...plain,
    getCurrentDirectory: () => folder,
    getSourceFile(file, ...rest) {
      if (!resolve(file).startsWith(libraries)) return plain.getSourceFile(file, ...rest);
      if (!parsed.has(file)) parsed.set(file, plain.getSourceFile(file, ...rest));
      return parsed.get(file);
    },
  };
}

function report(name, diagnostics) {
  if (diagnostics.length === 0) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAIL ${name}`);
  console.log(
    ts.formatDiagnostics(diagnostics.slice(0, 10), {
      getCanonicalFileName: (file) => file,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    }),
  );
}
