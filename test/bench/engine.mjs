import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the engine's own benchmark and reads the lines it prints. */
export function engineAlone() {
  const args = [
    'bench',
    '-q',
    '-p',
    'flipt-engine',
    '--no-default-features',
    '--bench',
    'evaluate',
  ];
  const { status, stdout, stderr, error } = spawnSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
  });
  if (error || status !== 0) throw new Error(error?.message ?? stderr.trim().split('\n').at(-1));
  const line = /^(.+): min ([\d.]+) ns, median ([\d.]+) ns, checksum (\d+)$/gm;
  const entries = [...stdout.matchAll(line)].map(([, name, minimum, median, checksum]) => [
    name,
    { minimum: Number(minimum), median: Number(median), checksum: Number(checksum) },
  ]);
  return Object.fromEntries(entries);
}
