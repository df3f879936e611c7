import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suffix } from '../../package/projects.mjs';
import { Project } from './project.mjs';

/** The files that are traced are all that the program needs. */
export const traced = [
  { name: '@vercel/nft, as it is', run: (context) => trace(context, []) },
  {
    name: '@vercel/nft, linked node_modules',
    run: (context) => trace(context, ['--install-strategy=linked']),
  },
];

async function trace(context, options) {
  const project = await Project.open(context, [], options);
  // Installed only once the rows run.
  const { nodeFileTrace } = await import('@vercel/nft');
  const { fileList, warnings } = await nodeFileTrace([join(project.folder, 'main.mjs')], {
    base: project.folder,
  });
  const files = [...fileList];
  assert.deepEqual([...warnings], []);
  const addons = files.filter((file) => file.endsWith('.node'));
  assert.equal(addons.length, 1, files.join('\n'));
  assert.match(addons[0], new RegExp(`@flipt-native/${suffix}/flipt_native\\.node$`));
  await project.worksAway(files, ['node', 'main.mjs']);
  return `works from the ${files.length} files that are traced`;
}
