import { chmodSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { root, StepError } from './process.mjs';

/** The CommonJS files of dist that are loaded by name, and the module of src that each begins with. */
const entries = {
  index: 'src/index.ts',
  testing: 'src/testing/index.ts',
  openfeature: 'src/openfeature/index.ts',
  cli: 'src/cli/main.ts',
  internal: 'src/internal.ts',
};

/** The modules that are loaded when they are first needed, each from a file of its own. */
const lazy = {
  'test-bench': 'src/testing/bench.ts',
  'load-failure': 'src/loader/failure.ts',
};

/** Where code goes that several of these files need: one copy of each class, whatever a process loads. */
const groups = [
  { name: 'core', test: /[\\/]src[\\/](values[\\/])?[\w-]+\.ts$/, priority: 1 },
  { name: 'test-flags', test: /[\\/]src[\\/]testing[\\/]/, minShareCount: 2 },
];

/** Bundles src into a few CommonJS files: names stay, comments go. */
export async function writeBundle(folder) {
  const bundle = await rolldown({
    cwd: root,
    platform: 'node',
    tsconfig: 'tsconfig.json',
    input: { ...entries, ...lazy },
    external: [/^node:/, /^@flipt-native\//],
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    plugins: [{ name: 'lazy', resolveId: lazily }],
    onLog(_level, { message }) {
      throw new StepError(`the bundler: ${message}`);
    },
  });
  try {
    await bundle.write({
      dir: join(root, folder),
      format: 'cjs',
      strict: true,
      esModule: true,
      generatedCode: { symbols: false },
      dynamicImportInCjs: false,
      comments: false,
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      codeSplitting: { groups },
    });
  } finally {
    await bundle.close();
  }
  // npx runs the program of a checkout as it lies there.
  chmodSync(join(root, folder, 'cli.js'), 0o755);
}

/** Leaves the call as it is, to be made at run time: within the bundle it would be answered at once. */
function lazily(request, importer, { kind }) {
  if (kind !== 'require-call') return undefined;
  const module = resolve(dirname(importer), request.replace(/\.js$/, '.ts'));
  const found = Object.entries(lazy).find(([, path]) => join(root, path) === module);
  return found && { id: `./${found[0]}.js`, external: true };
}
