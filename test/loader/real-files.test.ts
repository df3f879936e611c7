// What the system itself says of files that are really so, on Linux, where they can be made without a compiler.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostTarget } from '../../npm/targets.mjs';
import { answerOf, runScript } from '../support/child.ts';

const isLinux = process.platform === 'linux';
const isGlibc = isLinux && hostTarget().libc === 'glibc';
const addon = join(import.meta.dirname, `../../npm/${hostTarget().suffix}/flipt_native.node`);

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'flipt-native-files-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

/** The addon's file with some bytes in place of others. */
function patched(from: string, to: string): Buffer {
  const bytes = Buffer.from(readFileSync(addon));
  const [old, fresh] = [
    Buffer.from(`${from}\0`),
    Buffer.from(`${to}\0`.padEnd(from.length + 1, '\0')),
  ];
  let at = bytes.indexOf(old);
  expect(at).toBeGreaterThan(0);
  for (; at >= 0; at = bytes.indexOf(old, at + 1)) fresh.copy(bytes, at);
  return bytes;
}

/** What the error says when this file is named; a process that dies of loading fails the test. */
async function messageOf(bytes: Buffer | string, prelude = ''): Promise<string> {
  const path = join(folder(), 'addon.node');
  writeFileSync(path, bytes);
  return messageOfFile(path, prelude);
}

async function messageOfFile(path: string, prelude = ''): Promise<string> {
  const source = `${prelude}
    sdk.FliptClient.init({ offline: true }).then(
      () => done('loaded'),
      ({ code, message }) => done(code + ' ' + message),
    );`;
  const env = { FLIPT_NATIVE_BINARY: path };
  const message = answerOf(await runScript(source, '', { env })) as string;
  expect(message).toMatch(/^FLIPT_NATIVE_LOAD no native addon could be loaded on /);
  expect(message).toContain(`- ${path}: `);
  return message;
}

describe('a real file', () => {
  it('of text is no library', async () => {
    expect(await messageOf('not an addon')).toContain('it is no library of any system');
  });

  it('that is cut off anywhere is told, and does not end the process', async () => {
    const whole = readFileSync(addon);
    for (const size of [
      1000,
      100_000,
      whole.length >> 1,
      whole.length - 40_000,
      whole.length - 1,
    ]) {
      const message = await messageOf(whole.subarray(0, size));
      expect(message).toContain(`it is cut off: ${size} of at least ${whole.length} bytes`);
    }
  });

  it.runIf(isLinux)('for another processor is told', async () => {
    const bytes = Buffer.from(readFileSync(addon));
    const other = process.arch === 'arm64' ? 'x64' : 'arm64';
    bytes.writeUInt16LE(other === 'arm64' ? 183 : 62, 18);
    expect(await messageOf(bytes)).toContain(
      `it is built for linux ${other}, this Node is linux ${process.arch}`,
    );
  });

  const foreign = [
    join(import.meta.dirname, '../../npm/linux-arm64-gnu/flipt_native.node'),
    '/usr/lib/aarch64-linux-gnu/libm.so.6',
    '/usr/aarch64-linux-gnu/lib/libm.so.6',
  ].find((path) => existsSync(path));
  it.runIf(process.arch === 'x64' && foreign !== undefined)(
    'of an arm64 system is told',
    async () => {
      expect(await messageOf(readFileSync(foreign ?? ''))).toContain('it is built for linux arm64');
    },
  );

  it.runIf(isGlibc)('for a newer glibc is told with both versions', async () => {
    const { header } = process.report.getReport() as { header: { glibcVersionRuntime: string } };
    const asked = highestGlibc();
    const newer = asked.replace(/\d+$/, '99');
    expect(await messageOf(patched(`GLIBC_${asked}`, `GLIBC_${newer}`))).toContain(
      `it needs glibc ${newer} or newer, this system has ${header.glibcVersionRuntime}`,
    );
  });

  it.runIf(isGlibc)('for musl is told', async () => {
    expect(await messageOf(patched('libc.so.6', 'libc.so'))).toContain(
      'it is built for musl, this Node runs on glibc',
    );
  });

  it.runIf(isGlibc)('whose libraries are missing is told', async () => {
    expect(await messageOf(patched('libc.so.6', 'libq.so.6'))).toContain(
      'it needs the library libq.so.6, which this system does not have',
    );
  });

  const libraries = ['/lib/x86_64-linux-gnu/libm.so.6', '/lib/aarch64-linux-gnu/libm.so.6'];
  const library = libraries.find(
    (path) =>
      path.includes({ x64: 'x86_64' }[process.arch as string] ?? 'aarch64') && existsSync(path),
  );
  it.runIf(library !== undefined)('that is a library, but no addon, is told', async () => {
    expect(await messageOf(readFileSync(library ?? ''))).toContain(
      'it is a library, but not the addon of flipt-native',
    );
  });

  it.runIf(process.getuid !== undefined)('that this user may not read is told', async () => {
    const path = join(folder(), 'addon.node');
    writeFileSync(path, 'anything');
    chmodSync(path, 0);
    // Root may read everything.
    const prelude = 'if (process.getuid() === 0) process.setuid(65534);';
    expect(await messageOfFile(path, prelude)).toMatch(/cannot be read \(EACCES\).*permissions/s);
  });

  it.runIf(isLinux)('on a mount with noexec is told', async ({ skip }) => {
    const mount = join(folder(), 'noexec');
    mkdirSync(mount);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'noexec', 'tmpfs', mount], { stdio: 'pipe' });
    } catch (error) {
      skip(`this user cannot mount: ${(error as Error).message.split('\n').at(-1)}`);
    }
    onTestFinished(() => void execFileSync('umount', [mount]));
    const path = join(mount, 'addon.node');
    writeFileSync(path, readFileSync(addon));
    const message = await messageOfFile(path);
    expect(message).toContain(`${mount} is mounted with noexec`);
    expect(message).toMatch(/^remedy \(noexec\): /m);
  });
});

function highestGlibc(): string {
  const names = readFileSync(addon, 'latin1').match(/(?<=\0GLIBC_)2\.\d+(?=\0)/g) ?? [];
  return names.sort((a, b) => Number(a.slice(2)) - Number(b.slice(2))).at(-1) ?? '';
}
