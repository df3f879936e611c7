import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildSystem, matrix, published, targets } from '../../npm/targets.mjs';
import { root } from '../../scripts/steps/process.mjs';

const systems = { linux: 'linux', darwin: 'darwin', win32: 'win32' };

it.each(published)('$suffix is built by its own system, for its own triple', (target) => {
  expect(buildSystem(target)).toBe(systems[target.os as keyof typeof systems]);
  expect(target.build.split(' ').some((word: string) => word.startsWith(target.triple))).toBe(true);
  expect(target.runs).not.toHaveLength(0);
});

it('there are eight published targets, and one that stands in', () => {
  expect(published.map(({ os, cpu, libc = '' }) => `${os} ${cpu} ${libc}`.trim()).sort()).toEqual([
    'darwin arm64',
    'darwin x64',
    'linux arm64 glibc',
    'linux arm64 musl',
    'linux x64 glibc',
    'linux x64 musl',
    'win32 arm64',
    'win32 x64',
  ]);
  expect(targets.filter(({ publish }) => !publish).map(({ suffix }) => suffix)).toEqual([
    'win32-x64-gnu',
  ]);
});

it('needs no glibc that Debian 10 or the oldest Node has not', () => {
  const minor = (version: string) => Number(version.match(/^2\.(\d+)$/)?.[1]);
  const glibc = published.filter(({ libc }) => libc === 'glibc');
  expect(glibc).toHaveLength(2);
  for (const target of glibc) {
    expect(minor(target.glibc ?? '')).toBeLessThanOrEqual(28);
    expect(target.build).toMatch(new RegExp(`\\.${target.glibc?.replace('.', '\\.')}$`));
  }
});

it('runs on every kind of system before it is published', () => {
  const { build, run } = matrix();
  expect(build.include.map(({ suffix }) => suffix)).toEqual(published.map(({ suffix }) => suffix));
  expect(new Set(run.include.map(({ suffix }) => suffix)).size).toBe(published.length);
  const images = new Set(run.include.map(({ image }) => image.split(/[:/]/)[0]));
  expect([...images].sort()).toEqual(['', 'amazonlinux', 'node']);
  expect(run.include.map(({ system }) => system)).toEqual(
    expect.arrayContaining(['Debian 11', 'Amazon Linux 2023', 'Alpine']),
  );
});

it('prints the matrices for the workflows', () => {
  const printed = execFileSync(process.execPath, ['npm/generate.mjs', '--matrix'], { cwd: root });
  expect(JSON.parse(printed.toString())).toEqual(matrix());
});

it('is the only list', () => {
  const names = targets.flatMap(({ suffix, triple }) => [suffix, triple]);
  const files = execFileSync('git', ['ls-files', '-z', 'src', 'scripts', 'npm/*.mjs', '.github'], {
    cwd: root,
  });
  const lists = files
    .toString()
    .split('\0')
    .filter((file) => /\.(ts|mjs|sh|ya?ml)$/.test(file))
    .filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return names.filter((name) => text.includes(name)).length > 1;
    });
  expect(lists).toEqual([]);
});

it('the README names all that are published', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const { suffix } of published) expect(readme).toContain(`\`${suffix}\``);
});
