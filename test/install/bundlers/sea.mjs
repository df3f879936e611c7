import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { platformPackage } from '../../package/projects.mjs';
import { shown } from './page.mjs';
import { Project } from './project.mjs';

const page = 'docs/bundlers.md';

/** A single executable application of Node. */
export const executables = [
  { name: 'single executable, addon as an asset', run: runAsset },
  { name: 'single executable, addon beside it', run: runBeside },
];

async function runAsset(context) {
  const project = await Project.open(context, ['esbuild', 'postject']);
  cpSync(join(project.folder, 'main.mjs'), join(project.folder, 'program.mjs'));
  project.write('main.cjs', shown(page, 'sea/main.cjs'));
  project.write('sea-config.json', settings());
  await make(project, (text) => text);
  await project.worksAway(['dist/shop'], ['dist/shop']);
  return 'works alone';
}

/** The program as it is, without the lines that take the addon out. */
async function runBeside(context) {
  const project = await Project.open(context, ['esbuild', 'postject']);
  const { assets, ...plain } = JSON.parse(settings());
  project.write('sea-config.json', plain);
  await make(project, (text) => text.replace('esbuild main.cjs', 'esbuild main.mjs'));
  await project.failsAway(['dist/shop'], ['dist/shop'], /'FLIPT_NATIVE_LOAD'/);
  const addon = `node_modules/${platformPackage}`;
  cpSync(join(project.folder, addon), join(project.folder, 'dist', addon), { recursive: true });
  await project.worksAway(['dist'], ['dist/shop']);
  return 'works beside node_modules; without, says what it needs';
}

async function make(project, change) {
  project.write('build.sh', change(shown(page, 'sea/build.sh')));
  await project.must('bash', '-euo', 'pipefail', 'build.sh');
}

/** The page shows it for one platform. */
const settings = () =>
  shown(page, 'sea/sea-config.json').replace('@flipt-native/linux-x64-gnu', platformPackage);
