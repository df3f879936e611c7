import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './process.mjs';
import { buildTypeScript } from './typescript.mjs';

/** Where the report is kept, relative to the project. */
export const reportFile = 'docs/api-report.d.ts';

const introduction = `// What users of flipt-native can name, and what that is made of, without comments. Written by
// npm run api:report, compared by npm run lint: a difference is a change of the interface.
`;

/** The entry points, then the declarations that they share. */
const files = ['index', 'testing', 'openfeature', 'core'];

/** The report of the sources as they are now. */
export async function apiReport() {
  await buildTypeScript();
  const sections = files.map(
    (name) => `// dist/${name}.d.ts\n\n${declarationsOf(name).join('\n\n')}\n`,
  );
  return [introduction, ...sections].join('\n');
}

/** Sorted by their names: where in the sources something stands is nothing to users. */
function declarationsOf(name) {
  const text = readFileSync(join(root, 'dist', `${name}.d.ts`), 'utf8');
  const source = ts.createSourceFile(`${name}.d.ts`, text, ts.ScriptTarget.ES2022, true);
  const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });
  return source.statements
    .map((statement) => ({
      name: nameOf(statement),
      // A list of names stays one below the other.
      text: ts.isExportDeclaration(statement)
        ? statement.getText()
        : printer.printNode(ts.EmitHint.Unspecified, statement, source),
    }))
    .sort((one, other) => (one.name < other.name ? -1 : Number(one.name > other.name)))
    .map((one) => one.text);
}

/** Empty for what has no name of its own: imports, exports of others, additions to the globals. */
function nameOf(statement) {
  const [declared = statement] = statement.declarationList?.declarations ?? [];
  return ts.isModuleDeclaration(statement) ? '' : (declared.name?.text ?? '');
}
