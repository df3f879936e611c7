import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { StepError } from './process.mjs';

/** The public entry points: the name of their files in dist, and the module of src. */
export const entryPoints = {
  index: 'index',
  testing: 'testing/index',
  openfeature: 'openfeature/index',
};

/** Declarations of `openfeature` need the SDK of OpenFeature, which not everybody has: they stand by themselves. */
const chunkOf = (module) => (module.startsWith('openfeature/') ? 'openfeature' : 'core');

/**
 * Writes the declarations of `to` from those that the compiler wrote to `from`, one for each module: what users can
 * name and what that is made of, each once, in few files. Returns what each entry point exports, `{ values, types }`.
 */
export function writeDeclarations(from, to) {
  const rollUp = new RollUp(from);
  const exported = Object.entries(entryPoints).map(([name, module]) => {
    const names = rollUp.enter(module);
    const chunk = chunkOf(module);
    if (name !== chunk) write(to, name, reExport(chunk, names));
    return [name, names];
  });
  for (const chunk of ['core', 'openfeature']) write(to, chunk, rollUp.text(chunk));
  return Object.fromEntries(exported);
}

/** The declarations that a set of exports is made of. */
class RollUp {
  #folder;
  #program;
  #checker;
  /** By chunk: what each name stands for, the statements that declare it, and what is imported from where. */
  #chunks = { core: new Chunk(), openfeature: new Chunk() };

  constructor(folder) {
    this.#folder = `${folder.replaceAll('\\', '/')}/`;
    const files = Object.values(entryPoints).map((module) => this.#file(module));
    this.#program = ts.createProgram(files, {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
      types: [],
    });
    this.#checker = this.#program.getTypeChecker();
  }

  /** Takes in all that a module exports, and returns the names. */
  enter(module) {
    const source = this.#program.getSourceFile(this.#file(module));
    const symbol = source && this.#checker.getSymbolAtLocation(source);
    if (!symbol) throw new StepError(`src/${module}.ts exports nothing.`);
    const values = [];
    const types = [];
    for (const one of this.#checker.getExportsOfModule(symbol)) {
      const target = this.#resolved(one);
      if (target.name !== one.name) {
        throw new StepError(`src/${module}.ts gives ${target.name} another name, ${one.name}.`);
      }
      this.#add(target);
      (isValue(one, target) ? values : types).push(one.name);
    }
    return { values: values.sort(), types: types.sort() };
  }

  /** The file of a chunk. */
  text(name) {
    const { imports, statements } = this.#chunks[name];
    const all = [...statements].sort(byPlace);
    const sources = new Set(all.map((statement) => statement.getSourceFile()));
    return [
      ...new Set([...sources].flatMap(librariesOf)),
      ...[...imports].map(([module, names]) => importOf(module, [...names].sort())),
      ...all.map((statement) => `${statement.getFullText().replace(reference, '').trim()}\n`),
    ].join('');
  }

  #add(symbol) {
    for (const declaration of symbol.declarations) {
      const statement = statementOf(declaration);
      const chunk = this.#chunks[this.#chunkOf(statement)];
      chunk.claim(symbol);
      if (chunk.statements.has(statement)) continue;
      chunk.statements.add(statement);
      this.#follow(statement, chunk);
    }
  }

  /** Takes in what a statement names. */
  #follow(node, chunk) {
    if (ts.isImportTypeNode(node)) {
      throw new StepError(`${node.getText()}: this type has to be written down in src.`);
    }
    if (ts.isIdentifier(node)) this.#name(node, chunk);
    ts.forEachChild(node, (child) => this.#follow(child, chunk));
  }

  #name(identifier, chunk) {
    const named = this.#checker.getSymbolAtLocation(identifier);
    const symbol = named && this.#resolved(named);
    const [declaration] = symbol?.declarations ?? [];
    if (declaration && this.#isOwn(declaration)) {
      if (!isTopLevel(declaration)) return;
      this.#add(symbol);
      const other = this.#chunkOf(declaration);
      if (this.#chunks[other] !== chunk) chunk.import(`./${other}.js`, symbol.name);
    } else if (named && named !== symbol) {
      chunk.import(moduleOf(named), named.name);
    }
  }

  #resolved(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  #isOwn(node) {
    return node.getSourceFile().fileName.startsWith(this.#folder);
  }

  #chunkOf(node) {
    return chunkOf(node.getSourceFile().fileName.slice(this.#folder.length));
  }

  #file(module) {
    return `${this.#folder}${module}.d.ts`;
  }
}

/** What stands in one file. */
class Chunk {
  statements = new Set();
  /** The names that are imported, by module. */
  imports = new Map();
  #symbols = new Map();

  /** One name stands for one thing in a file. */
  claim(symbol) {
    const { name } = symbol;
    const known = this.#symbols.get(name) ?? symbol;
    if (known !== symbol) {
      const files = [known, symbol].map(({ declarations: [one] }) => one.getSourceFile().fileName);
      throw new StepError(`${name} stands for two things that users see: ${files.join(', ')}.`);
    }
    this.#symbols.set(name, symbol);
  }

  import(module, name) {
    const names = this.imports.get(module) ?? new Set();
    this.imports.set(module, names.add(name));
  }
}

/** The statement of a file in which a declaration stands; for a global one, the block of them. */
function statementOf(declaration) {
  let node = declaration;
  while (!ts.isSourceFile(node.parent)) node = node.parent;
  return node;
}

function isTopLevel(declaration) {
  if (ts.isVariableDeclaration(declaration)) return true;
  const { parent } = declaration;
  return (
    ts.isSourceFile(parent) || (ts.isModuleBlock(parent) && ts.isModuleDeclaration(parent.parent))
  );
}

function isValue(exported, target) {
  const isTypeOnly = exported.declarations?.some(
    (node) => ts.isExportSpecifier(node) && (node.isTypeOnly || node.parent.parent.isTypeOnly),
  );
  return !isTypeOnly && (target.flags & ts.SymbolFlags.Value) !== 0;
}

function moduleOf(imported) {
  let node = imported.declarations[0];
  while (!ts.isImportDeclaration(node)) node = node.parent;
  return node.moduleSpecifier.text;
}

/** A lib that a file asks for; it has to stand at the head of the file. */
const reference = /^\/\/\/ <reference .*\n/gm;

const librariesOf = (source) => source.text.match(reference) ?? [];

const byPlace = (one, other) =>
  one.getSourceFile().fileName.localeCompare(other.getSourceFile().fileName) || one.pos - other.pos;

const importOf = (module, names) => `import type { ${names.join(', ')} } from '${module}';\n`;

function reExport(chunk, { values, types }) {
  const names = [...values, ...types.map((name) => `type ${name}`)];
  return `export {\n${names.map((name) => `  ${name},\n`).join('')}} from './${chunk}.js';\n`;
}

const write = (folder, name, text) => writeFileSync(join(folder, `${name}.d.ts`), text);
