// The guides and README.md: their examples are compiled in one program against the built package, and run.

import { join } from 'node:path';
import { installLocked } from '../../scripts/steps/install.mjs';
import { hooksBinary } from '../../scripts/steps/native.mjs';
import { checkBlocks, handled, writeBlocks } from './blocks.mjs';
import { runChild } from './child.mjs';
import { directive, readPage } from './markdown.mjs';
import {
  codeProblems,
  inexpressibleProblems,
  optionProblems,
  problemsOf,
  readPages,
  unlisted,
} from './pages.mjs';
import { compile, layOut, root } from './project.mjs';
import { checkRecipes } from './recipes.mjs';

const atOnce = 2;
const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');

const only = process.argv.slice(2);
const totals = { passed: 0, failed: 0 };

await installLocked('test/docs', 'installing what the guides are tested with');
// Standing in for the installed platform package.
Object.assign(process.env, hooksBinary());
const pages = readPages().filter(
  ({ page }) => only.length === 0 || only.some((one) => page.includes(one)),
);
// Proves that faults are found.
const faulty = readPage(join(root, 'test/docs/faulty.md'), 'test/docs/faulty.md');
const project = layOut();
try {
  await checkExamples();
  if (only.length === 0) {
    for (const [what, problems] of [
      ['links and lines', pages.flatMap(problemsOf)],
      ['the index', unlisted(pages)],
      ['options', optionProblems(pages)],
      ['error codes', codeProblems(pages)],
      ['what Flipt cannot express', inexpressibleProblems(pages)],
    ]) {
      tell(what, problems.join('\n'));
    }
  }
  if (only.length === 0 || only.includes('api')) await checkReference();
  if (only.length === 0 || only.includes('recipes')) await checkRecipes(project, tell);
} finally {
  project.remove();
}
listExceptions();
console.log(`docs: ${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;

async function checkExamples() {
  const started = performance.now();
  const checked = only.length === 0 ? [...pages, faulty] : pages;
  const places = new Map(checked.map((page) => [page, project.folderOf(page.page)]));
  const programs = checked.flatMap((page) => writeBlocks(page, places.get(page)));
  const wrong = reportsOf(compile(project.folder, programs));
  console.log(
    `compiled ${programs.length} programs in ${Math.round(performance.now() - started)} ms`,
  );
  for (const text of wrong.get('') ?? []) tell('the program', text);
  const waiting = [...checked];
  const worker = async () => {
    for (let page = waiting.shift(); page !== undefined; page = waiting.shift()) {
      const place = { folder: places.get(page), bin: project.bin };
      await checkBlocks(page, place, (block, problem) => {
        const text = [...(wrong.get(block.file) ?? []), ...(problem ? [problem] : [])].join('\n');
        if (page !== faulty) tell(nameOf(block), text);
        else tell(nameOf(block), text === '' ? 'its fault was not found' : '');
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** The API reference can be made, without a warning. */
async function checkReference() {
  const args = ['--options', 'docs/typedoc.json', '--emit', 'none'];
  const { code, stdout, stderr } = await runChild(process.execPath, [typedoc, ...args], {
    cwd: root,
  });
  tell('API reference', code === 0 ? '' : `${stdout}${stderr}`);
}

/** Diagnostics by file, each with its line in the page. */
function reportsOf(diagnostics) {
  const reports = new Map();
  for (const { file, line, text } of diagnostics) {
    reports.set(file, [...(reports.get(file) ?? []), `line ${line}: ${text}`]);
  }
  return reports;
}

function tell(name, problem) {
  if (problem === '' || problem === undefined) {
    totals.passed += 1;
    return;
  }
  totals.failed += 1;
  console.log(`FAIL ${name}\n${problem.replaceAll(/^/gm, '     ')}`);
}

/** Nothing is left out silently. */
function listExceptions() {
  for (const block of pages.flatMap(({ blocks }) => blocks)) {
    const exception = directive(block, 'compile-only');
    if (exception && handled.includes(block.language)) {
      console.log(`not run: ${nameOf(block)}: ${exception.argument}`);
    }
  }
}

function nameOf({ page, line, language }) {
  return `${page}:${line} (${language})`;
}
