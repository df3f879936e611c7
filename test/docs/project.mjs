// A project of a user's, with the package as it is installed and one folder for each page.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { layOutMain } from '../../npm/pack.mjs';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** What examples and recipes import from the development dependencies of the checkout. */
const lent = ['msw', 'vitest'];

/** Lays the project out in a temporary folder: `{ folder, folderOf(page), remove() }`. */
export function layOut() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-docs-')));
  const modules = join(folder, 'node_modules');
  const installed = join(modules, 'flipt-native');
  layOutMain(installed);
  linkAll(join(root, 'test/docs/node_modules'), modules);
  for (const name of lent) link(join(root, 'node_modules', name), join(modules, name));
  writeCommands(join(folder, 'bin'), join(installed, 'dist/cli.js'));
  return {
    folder,
    bin: join(folder, 'bin'),
    folderOf(page) {
      const own = join(folder, page.replaceAll(/\W+/g, '-'));
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, 'package.json'), '{ "private": true, "type": "module" }\n');
      return own;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Compiles files in one program, strictly; unless `emit` is false the JavaScript stands beside them. Returns what is wrong. */
export function compile(folder, files, { emit = true } = {}) {
  const options = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
    // NestJS reads the types of constructors.
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    allowJs: false,
    skipLibCheck: true,
    inlineSourceMap: true,
    inlineSources: true,
    noEmit: !emit,
  };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => folder;
  const program = ts.createProgram(files, options, host);
  const found = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  return found.map((one) => {
    const text = ts.flattenDiagnosticMessageText(one.messageText, '\n');
    if (one.file === undefined) return { file: '', line: 0, text };
    const { line } = one.file.getLineAndCharacterOfPosition(one.start ?? 0);
    return { file: one.file.fileName, line: line + 1, text };
  });
}

function linkAll(from, to) {
  for (const name of readdirSync(from)) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) {
      mkdirSync(join(to, name), { recursive: true });
      for (const inner of readdirSync(join(from, name))) {
        link(join(from, name, inner), join(to, name, inner));
      }
    } else {
      link(join(from, name), join(to, name));
    }
  }
}

const link = (target, path) => symlinkSync(target, path, 'junction');

/** What a shell finds as `npx flipt-native` and `flipt-native`, without a registry. */
function writeCommands(bin, main) {
  mkdirSync(bin);
  const write = (name, text) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  write('npx', 'exec "$@"');
  write('flipt-native', `exec "${process.execPath}" "${main}" "$@"`);
}
