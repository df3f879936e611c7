import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, verb } from './steps/process.mjs';
import { buildTarget, requireTarget } from './targets/build.mjs';

// npm run build:target -- SUFFIX: the addon as it is published for that platform, into its package.
await verb(async ([suffix]) => {
  const target = requireTarget(suffix);
  const { binary, isLinkCheck } = await buildTarget(target);
  const content = readFileSync(join(root, binary));
  const sum = createHash('sha256').update(content).digest('hex');
  // The level at which npm packs.
  const packed = gzipSync(content, { level: 9 }).length;
  console.log(`${binary}: ${content.length} bytes, ${packed} with gzip`);
  console.log(`sha256 ${sum}`);
  console.log(
    isLinkCheck ? `${suffix}: linked only; its runner is ${target.runner}` : `${suffix}: built`,
  );
});
