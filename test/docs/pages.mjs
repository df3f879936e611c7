// The pages themselves: which there are, where their links lead, and that every error code is explained.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { readPage } from './markdown.mjs';
import { root } from './project.mjs';

const widest = 120;

/** README.md and every page below docs/. */
export function readPages() {
  const guides = readdirSync(join(root, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join(root, 'docs', name));
  return [join(root, 'README.md'), ...guides].map((path) =>
    readPage(path, relative(root, path).replaceAll('\\', '/')),
  );
}

/** What is wrong with a page outside of its blocks, one text each. */
export function problemsOf(page) {
  return [...brokenLinks(page), ...wideLines(page)];
}

/** Every code that an error can carry has a row of its own, and no row is of a code that there is not. */
export function codeProblems(pages) {
  const require = createRequire(import.meta.url);
  const { errorClasses } = require(join(root, 'dist/internal.js'));
  const { text } = pages.find(({ page }) => page === 'docs/troubleshooting.md');
  const rows = [...text.matchAll(/^### `(FLIPT_[A-Z_]+)`$/gm)].map(([, code]) => code);
  const codes = Object.keys(errorClasses);
  return [
    ...codes.filter((code) => !rows.includes(code)).map((code) => `${code} is not explained`),
    ...rows.filter((code) => !codes.includes(code)).map((code) => `${code} is no code`),
    ...rows.filter((code, index) => rows.indexOf(code) !== index).map((code) => `${code} twice`),
  ];
}

/** Every option has a row in the table of README.md. */
export function optionProblems(pages) {
  const source = readFileSync(join(root, 'src/options.ts'), 'utf8');
  const [, options] = /^export interface ClientOptions \{\n(.*?)^\}/ms.exec(source);
  const names = [...options.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
  const { lines } = pages.find(({ page }) => page === 'README.md');
  const cells = lines.filter((line) => line.startsWith('| `')).map((line) => line.split(' | ')[0]);
  const rows = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  return names.filter((name) => !rows.includes(name)).map((name) => `${name} has no row`);
}

/** What OpenFeature has and Flipt cannot express is told as the provider's tests know it. */
export function inexpressibleProblems(pages) {
  const known = JSON.parse(readFileSync(join(root, 'test/openfeature/inexpressible.json'), 'utf8'));
  const { text } = pages.find(({ page }) => page === 'docs/openfeature.md');
  return known
    .filter(({ what }) => !text.includes(`\n| ${what} |`))
    .map(({ what }) => `${what}: has no row`);
}

/** Every page below docs/ is reached from docs/README.md. */
export function unlisted(pages) {
  const index = pages.find(({ page }) => page === 'docs/README.md');
  const reached = new Set(
    linksOf(index).map(({ target }) => resolve(dirname(index.path), target.split('#')[0])),
  );
  return pages
    .filter(({ page }) => page.startsWith('docs/') && page !== 'docs/README.md')
    .filter(({ path }) => !reached.has(path))
    .map(({ page }) => `${page} is not in the index`);
}

function brokenLinks(page) {
  return linksOf(page)
    .filter(({ target }) => !/^(https?:|mailto:)/.test(target))
    .filter(({ target }) => !leadsSomewhere(page, target))
    .map(({ line, target }) => `${page.page}:${line}: ${target} leads nowhere`);
}

function leadsSomewhere(page, target) {
  const [file, anchor] = target.split('#');
  const path = file === '' ? page.path : resolve(dirname(page.path), file);
  if (!existsSync(path)) return false;
  return anchor === undefined || anchorsOf(readFileSync(path, 'utf8')).includes(anchor);
}

/** Anchors as the usual renderers make them of headings. */
function anchorsOf(text) {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(page) {
  return proseOf(page).flatMap(({ line, text }) =>
    [...text.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({
      line,
      target,
    })),
  );
}

function wideLines(page) {
  if (!page.page.startsWith('docs/')) return [];
  // What a program printed is as wide as it is.
  const printed = new Set(linesIn(page.blocks.filter(({ language }) => language === 'text')));
  return page.lines
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ line }) => !printed.has(line))
    .filter(({ text }) => text.length > widest && !text.startsWith('|') && !/https?:/.test(text))
    .map(({ line, text }) => `${page.page}:${line}: ${text.length} characters wide`);
}

/** The lines of a page that are in no block. */
function proseOf({ lines, blocks }) {
  const inside = new Set(linesIn(blocks));
  return lines
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ line }) => !inside.has(line));
}

/** The numbers of the lines of blocks. */
function linesIn(blocks) {
  return blocks.flatMap(({ line, lines }) => lines.map((_, index) => line + index));
}
