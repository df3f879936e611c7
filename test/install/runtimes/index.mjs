import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import { join, parse } from 'node:path';
import { counts } from '../../../scripts/steps/counts.mjs';
import { root } from '../../package/projects.mjs';
import { bun, deno, majors, node } from './programs.mjs';
import { promised } from './promised.mjs';

export const tools = ['test/install/runtimes'];

const checks = join(import.meta.dirname, 'checks');
const names = readdirSync(checks).filter((file) => file !== 'shop.mjs');

const runtimes = [
  ...majors.map((major) => ({ name: `Node ${major}`, find: () => node(major) })),
  { name: 'Bun', find: bun },
  { name: 'Deno', find: deno },
];

/** Each runtime: the recorded answers, and what docs/runtimes.md says of it. */
export const rows = runtimes.flatMap(({ name, find }) => [
  { name: `${name}, conformance`, run: (context) => conform(context, find()) },
  { name: `${name}, installed`, run: (context) => live(context, find()) },
]);

async function conform({ folder, execute }, { name, command, args }) {
  const program = [...args, join(root, 'test/conformance/run.mjs')];
  const result = await execute(command, program, {
    cwd: root,
    env: { DENO_DIR: folder },
    hangAfterMs: 600_000,
  });
  const { passed, failed } = counts.own(result.stdout);
  assert.ok(result.code === 0 && failed === 0 && passed > 0, result.stdout + result.stderr);
  return `${name}: ${passed} answers`;
}

async function live(context, { name, command, args }) {
  const { folder, flipt } = context;
  context.write('package.json', { private: true });
  await context.npm(['install', 'flipt-native']);
  cpSync(checks, join(folder, 'checks'), { recursive: true });
  const env = {
    FLIPT_URL: flipt.url,
    FLIPT_NAMESPACE: flipt.namespace,
    DENO_DIR: join(folder, '.deno'),
  };
  const works = {};
  const troubles = [];
  for (const file of names) {
    const program = [...args, join('checks', file)];
    const { code, stdout, stderr } = await context.execute(command, program, { env });
    const isFine = code === 0 && stdout === 'ok\n';
    works[parse(file).name] = isFine;
    if (!isFine) troubles.push(`${file} ended with ${code}\n${stdout}${stderr}`);
  }
  assert.deepEqual(works, promised(name.split(' ')[0]), troubles.join('\n'));
  return `${name}: ${Object.values(works).filter(Boolean).length} of ${names.length} work`;
}
