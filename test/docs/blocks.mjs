// What is done with a block of each language: written, compiled, run, compared.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { runChild } from './child.mjs';
import { checkCommands, isRunnable } from './commands.mjs';
import { directive, programOf } from './markdown.mjs';
import { root } from './project.mjs';
import { startSurroundings } from './surroundings.mjs';

/** Languages whose blocks are examples; the others are shown only, unless a directive names a file. */
export const handled = ['ts', 'js', 'json', 'sh'];

/** Writes a page's blocks as files of its folder; returns the programs among them, to be compiled. */
export function writeBlocks(page, folder) {
  const programs = [];
  for (const block of page.blocks) {
    if (directive(block, 'shows') !== undefined) continue;
    block.file = fileOf(block, folder);
    if (block.file === undefined) continue;
    mkdirSync(dirname(block.file), { recursive: true });
    block.source = isProgram(block) ? sourceOf(block) : `${block.lines.join('\n')}\n`;
    writeFileSync(block.file, block.source);
    if (block.language === 'ts') programs.push(block.file);
  }
  return programs;
}

/** A block that a bundler resolves names other files without the extension that Node wants. */
function sourceOf(block) {
  const source = programOf(block);
  if (directive(block, 'bundled') === undefined) return source;
  return source.replaceAll(/((?:from |import\()'\.[^']*)(?<!\.js)'/g, "$1.js'");
}

/** Checks a page's blocks in their order, in its folder; `report(block, problem)` hears of each. */
export async function checkBlocks(page, { folder, bin }, report) {
  const files = page.blocks.filter(({ file }) => file !== undefined).map(runnableOf);
  let printed = '';
  for (const block of page.blocks) {
    const check = checkOf(block, printed);
    if (check === undefined) continue;
    try {
      const result = await check({ folder, bin, files });
      if (result !== undefined) printed = result;
      report(block, undefined);
    } catch (error) {
      printed = '';
      report(block, error.message);
    }
  }
}

function checkOf(block, printed) {
  if (directive(block, 'prints') !== undefined) return () => comparePrinted(block, printed);
  if (directive(block, 'shows') !== undefined) return () => compareShown(block);
  if (block.language === 'json') return () => void JSON.parse(block.lines.join('\n'));
  if (block.language === 'sh') {
    return (place) => {
      checkCommands(block.lines);
      const isRun = isRunnable(block.lines) && directive(block, 'compile-only') === undefined;
      return isRun
        ? run(block, place, 'bash', ['-euo', 'pipefail', '-c', block.lines.join('\n')])
        : undefined;
    };
  }
  if (!isProgram(block)) return undefined;
  if (directive(block, 'compile-only') !== undefined) return () => undefined;
  return (place) =>
    run(block, place, process.execPath, ['--enable-source-maps', runnableOf(block).file]);
}

/** Runs a block on a server of its own, whose address is put into every file of the page. */
async function run(block, { folder, bin, files }, command, args) {
  const surroundings = await startSurroundings(directive(block, 'server')?.argument ?? '');
  try {
    for (const { file, text } of files) writeFileSync(file, surroundings.rewrite(text));
    const { code, stdout, stderr } = await runChild(command, args.map(surroundings.rewrite), {
      cwd: folder,
      env: {
        ...surroundings.env,
        PATH: `${bin}${delimiter}${process.env.PATH}`,
        ...environmentOf(block),
      },
    });
    const wanted = Number(directive(block, 'exit')?.argument ?? 0);
    if (code !== wanted) throw new Error(`ended with ${code}\n${stdout}${stderr}`.trimEnd());
    return stdout;
  } finally {
    await surroundings.close();
  }
}

function environmentOf(block) {
  const entries = block.directives.filter(({ name }) => name === 'env');
  return Object.fromEntries(entries.map(({ argument }) => argument.split(/=(.*)/s, 2)));
}

function fileOf(block, folder) {
  const named = directive(block, 'file')?.argument;
  if (named !== undefined) return join(folder, named);
  if (!isProgram(block)) return undefined;
  const isCommonJs =
    block.language === 'js' && block.lines.some((line) => /\brequire\(/.test(line));
  return join(folder, `line-${block.line}.${isCommonJs ? 'cjs' : block.language}`);
}

const isProgram = ({ language }) => language === 'ts' || language === 'js';

/** The file that Node runs, with its text as it was written. */
function runnableOf({ file, source, language }) {
  if (language !== 'ts') return { file, text: source };
  const output = file.replace(/\.ts$/, '.js');
  return { file: output, text: readFileSync(output, 'utf8') };
}

function compareShown(block) {
  const { argument } = directive(block, 'shows');
  const file = readFileSync(join(root, argument), 'utf8').trimEnd();
  if (file !== block.lines.join('\n')) throw new Error(`is not what ${argument} holds`);
}

/** `…` stands for anything within a line. */
function comparePrinted(block, printed) {
  const lines = block.lines.map((line) =>
    line
      .split('…')
      .map(RegExp.escape ?? escaped)
      .join('.*'),
  );
  const wanted = new RegExp(`^${lines.join('\\n')}$`);
  const found = printed.replaceAll(/[^\S\n]+$/gm, '').trimEnd();
  if (!wanted.test(found)) throw new Error(`this was printed:\n${found}`);
}

function escaped(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
