import { shown, without } from './page.mjs';
import { Project } from './project.mjs';

const page = 'docs/bundlers.md';
const installed = ['node_modules/flipt-native', 'node_modules/@flipt-native'];

/** What the loader says in a bundle that it finds no addon for. */
const remedy =
  /a bundler has taken flipt-native.*keep flipt-native.*external.*'FLIPT_NATIVE_LOAD'/s;
const refusal = /bundled into an ES module.*external: \['flipt-native'\] of esbuild/;

const esbuild = {
  tools: ['esbuild'],
  config: 'build.mjs',
  command: ['node', 'build.mjs'],
  line: 'external: [',
};

/** Each bundler: its configuration in the guide, the line there that keeps the package out, and how it is started. */
const bundlers = [
  { name: 'esbuild, ES module', folder: 'esbuild', ...esbuild, refuses: true },
  {
    name: 'esbuild, CommonJS',
    folder: 'esbuild',
    ...esbuild,
    output: 'dist/main.cjs',
    adapt: (text) => text.replace("'esm'", "'cjs'").replace("'dist/main.mjs'", "'dist/main.cjs'"),
  },
  {
    name: 'Rollup',
    folder: 'rollup',
    tools: ['rollup', '@rollup/plugin-commonjs', '@rollup/plugin-node-resolve'],
    config: 'rollup.config.mjs',
    command: ['rollup', '-c', '--silent'],
    line: 'external: [',
  },
  {
    name: 'Rolldown',
    folder: 'rolldown',
    tools: ['rolldown'],
    config: 'rolldown.config.mjs',
    command: ['rolldown', '-c'],
    line: 'external: [',
  },
  {
    name: 'webpack',
    folder: 'webpack',
    tools: ['webpack', 'webpack-cli'],
    config: 'webpack.config.cjs',
    command: ['webpack', '--config', 'webpack.config.cjs'],
    output: 'dist/main.cjs',
    line: 'externals: [',
  },
  {
    name: 'Vite, SSR, noExternal',
    folder: 'vite',
    tools: ['vite'],
    config: 'vite.config.mjs',
    command: ['vite', 'build', '--logLevel=error'],
    line: 'external: [',
  },
];

/** Two rows for each bundler: with the line of the guide, and without it. */
export const built = [
  ...bundlers.flatMap((bundler) => [
    { name: `${bundler.name}, external`, run: (context) => runExternal(context, bundler) },
    { name: `${bundler.name}, bundled`, run: (context) => runBundled(context, bundler) },
  ]),
  { name: 'Vite, SSR, as it is', run: runPlainVite },
];

async function runExternal(context, bundler) {
  const { project, output } = await build(context, bundler, (text) => text);
  await project.works('node', output);
  await project.worksAway(['dist', ...installed], ['node', output]);
  return 'works';
}

async function runBundled(context, bundler) {
  const { project, output } = await build(context, bundler, (text) => without(text, bundler.line));
  if (bundler.refuses) {
    await project.fails(['node', output], refusal);
    return 'says at once that it has to be external';
  }
  await project.works('node', output);
  await project.failsAway(['dist'], ['node', output], remedy);
  return 'works beside node_modules; without, says that it has to be external';
}

async function build(context, bundler, change) {
  const {
    tools,
    folder,
    config,
    command,
    output = 'dist/main.mjs',
    adapt = (text) => text,
  } = bundler;
  const project = await Project.open(context, tools);
  project.write(config, change(adapt(shown(page, `${folder}/${config}`))));
  await project.must(...command);
  return { project, output };
}

/** Without a word about dependencies they are left out. */
async function runPlainVite(context) {
  const project = await Project.open(context, ['vite']);
  await project.must('vite', 'build', '--ssr', 'main.mjs', '--logLevel=error');
  await project.works('node', 'dist/main.mjs');
  return 'works';
}
