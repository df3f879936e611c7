import { expect, it } from 'vitest';
import { hostTarget, targets } from '../../npm/targets.mjs';
import { root, runNode } from '../../scripts/steps/process.mjs';
import { Bytes } from '../../scripts/targets/bytes.mjs';
import { fileOffset, readElf, readSegments } from '../../scripts/targets/elf.mjs';
import { unpackRelocations } from '../../scripts/targets/relr.mjs';
import { runtimeOf } from '../../scripts/targets/runtimes.mjs';
import { windowsPath } from '../../scripts/targets/wine.mjs';
import { conformOnce } from './conformance.mjs';
import { liveOnce } from './life.mjs';
import { readImage } from './support.ts';

type Ended = { code: number; stdout: string; stderr: string };

/** A runtime in which every program ends so. */
const ending = (ended: Partial<Ended>) => ({
  path: (file: string) => file,
  runNode: async (): Promise<Ended> => ({ code: 0, stdout: '', stderr: '', ...ended }),
});

it.each(targets.filter(({ os }) => os !== process.platform && os !== 'linux' && os !== 'win32'))(
  '$suffix is refused: it was linked only',
  async (target) => {
    const refusal = `${target.suffix} is linked only; it runs on ${target.runner}`;
    await expect(runtimeOf(target)).rejects.toThrow(refusal);
  },
);

it.each(targets.filter(({ triple, os }) => triple.endsWith('-msvc') && os !== process.platform))(
  '$suffix is refused on another system',
  async (target) => {
    const refusal = `${target.suffix} cannot run on this machine; it runs on ${target.runner}`;
    await expect(runtimeOf(target)).rejects.toThrow(refusal);
  },
);

it("the host's own target runs on this Node", async () => {
  const { by, path, runNode: runHere } = await runtimeOf(hostTarget());
  const { stdout } = await runHere(['-p', 'process.execPath'], {});
  expect([by, path('/a/b'), stdout.trim()]).toEqual(['this machine', '/a/b', process.execPath]);
});

it('a path is one of Windows there', () => {
  expect(windowsPath('/srv/a.node')).toBe('Z:\\srv\\a.node');
});

it('the life of a client is whole with a sound binary', async () => {
  const runtime = await runtimeOf(hostTarget());
  const { passed, failed, output } = await liveOnce(runtime, {});
  expect(failed, output).toBe(0);
  expect(passed).toBe(9);
}, 120_000);

it('a binary that cannot be loaded fails everything but the end of the process', async () => {
  const runtime = await runtimeOf(hostTarget());
  const env = { FLIPT_NATIVE_BINARY: `${root}/package.json` };
  const { passed, failed, output } = await liveOnce(runtime, env);
  expect([passed, failed]).toEqual([1, 8]);
  expect(output).toContain('package.json');
}, 120_000);

it.each([
  ['dies before it counts', { code: 139 }],
  ['ends with 0 and counts nothing', { code: 0 }],
  ['has no client to leave open', { stdout: '7 passed, 0 failed\n' }],
  ['counts and then does not end by itself', { code: 1, stdout: '7 passed, 0 failed\n' }],
  ['counts a failure', { stdout: '6 passed, 1 failed\n' }],
])('a program that %s has failed', async (_what, ended) => {
  expect((await liveOnce(ending(ended), {})).failed).toBeGreaterThan(0);
});

it('takes every way to an answer, once', async () => {
  const asked: string[][] = [];
  const { passed, failed } = await conformOnce({
    path: (file: string) => file,
    runNode: async (args: string[]) => {
      asked.push((args.at(-1) ?? '').split(','));
      return { code: 0, stdout: 'a table\n100 passed, 0 failed\n', stderr: '' };
    },
  });
  const ways = ['fast', 'slow'].flatMap((path) =>
    ['', ' details', ' all', ' batch'].map((kind) => `${path}${kind}`),
  );
  expect(asked.flat().sort()).toEqual(ways.sort());
  expect({ passed, failed }).toEqual({ passed: 100 * asked.length, failed: 0 });
});

it.each([
  ['dies', { code: 139, stdout: 'a table\n' }],
  ['is ended after it counted', { code: 1, stdout: '100 passed, 0 failed\n' }],
  ['counts a failure', { code: 1, stdout: '99 passed, 1 failed\n' }],
])('a share of the answers that %s has failed', async (_what, ended) => {
  expect((await conformOnce(ending(ended))).failed).toBeGreaterThan(0);
});

it('the command names the target that it does not know', async () => {
  const { code, stderr } = await runNode(['scripts/test-target.mjs', 'linux-mips'], {
    output: 'keep',
  });
  expect(code).toBe(1);
  expect(stderr).toContain('no target linux-mips');
});

it('packed relocations become ordinary ones, each with the value that stood in its place', () => {
  const packed = readImage('packed.so');
  const before = new Bytes(packed);
  const unpacked = unpackRelocations(packed);
  const bytes = new Bytes(unpacked);
  const segments = readSegments(bytes);
  const { offset, size } = segments.find(({ type }: { type: number }) => type === 2) ?? {
    offset: 0,
    size: 0,
  };
  const entries = new Map<number, number>(
    bytes.records(offset, size / 16, 16, (at: number): [number, number] => [
      bytes.u64(at),
      bytes.u64(at + 8),
    ]),
  );
  expect(entries.get(0x23)).toBe(0);
  const table = fileOffset(segments, entries.get(7) ?? 0);
  const all = bytes.records(table, (entries.get(8) ?? 0) / 24, 24, (at: number) => ({
    address: bytes.u64(at),
    info: bytes.u64(at + 8),
    addend: bytes.u64(at + 16),
  }));
  const relative = all.filter(({ info }) => info === 8);
  // What readelf shows of the packed image.
  expect([relative.length, all.length]).toEqual([103, 107]);
  const places = relative.map(({ address }) => address);
  // The second word says where 63 further addresses are, the third the rest.
  const first = places[0] ?? 0;
  expect(places.slice(0, 102)).toEqual(places.slice(0, 102).map((_, index) => first + index * 8));
  expect(places[102]).toBe(0x4008);
  for (const { address, addend } of relative) {
    expect(addend).toBe(before.u64(fileOffset(readSegments(before), address)));
  }
  expect(readElf(unpacked).exports).toEqual(readElf(packed).exports);
});

it('an image without packed relocations stays as it is', () => {
  const image = readImage('linux-x64-musl.so');
  expect(unpackRelocations(image)).toBe(image);
});
