import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '../support/certificates.mjs';
import { startServer } from '../support/server.mjs';

const HANG_MS = 240_000;

const demo = (name) =>
  readFileSync(new URL(`../conformance/demo/${name}.snapshot.json`, import.meta.url));

/**
 * Runs the life of a client in the runtime, with servers on this machine, and resolves to
 * `{ passed, failed, output }`. A program that ends with its checks has also shown that nothing keeps the process.
 */
export async function liveOnce({ runNode, path }, env) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-life-'));
  const authority = createAuthority();
  const caFile = join(folder, 'authority.pem');
  writeFileSync(caFile, authority.cert);
  const options = { namespace: 'shop', snapshot: demo('shop') };
  const server = await startServer(options);
  const secure = await startServer({ ...options, tls: authority.issue() });
  const run = (program, ...args) =>
    runNode([path(fileURLToPath(new URL(`life/${program}`, import.meta.url))), ...args], {
      env,
      timeoutMs: HANG_MS,
    });
  try {
    changeWhenAsked(server);
    const whole = await run('whole.mjs', server.url, secure.url, path(caFile));
    const open = await run('left-open.mjs', server.url);
    return verdict(whole, open);
  } finally {
    await Promise.all([server.close(), secure.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function changeWhenAsked(server) {
  const isAsked = () =>
    server.listeningStreams > 0 &&
    server.requests.some(({ path }) => path.endsWith('/namespace/change'));
  server.waitFor('a client that streams and asks for the change', isAsked).then(
    () => server.setSnapshot(demo('shop-changed')),
    // A program that fails before it asks has said why itself.
    () => {},
  );
}

/** The checks that the first program counted, and how both programs ended. */
function verdict(whole, open) {
  const lines = whole.stdout.trimEnd().split('\n');
  const counted = lines.at(-1).match(/^(\d+) passed, (\d+) failed$/);
  const ends = [
    ['the process ends with its work', counted !== null && whole.code === 0, whole],
    ['a client that is left open does not keep the process', isLeftOpen(open), open],
  ];
  const output = counted ? lines.slice(0, -1) : lines;
  for (const [name, holds, { code, stdout, stderr }] of ends) {
    output.push(`${holds ? 'ok  ' : 'FAIL'} ${name}`);
    if (!holds) output.push(`ended with ${code}:`, stdout, stderr);
  }
  const ended = ends.filter(([, holds]) => holds).length;
  return {
    passed: Number(counted?.[1] ?? 0) + ended,
    failed: Number(counted?.[2] ?? 0) + ends.length - ended,
    output: output.join('\n'),
  };
}

const isLeftOpen = ({ code, stdout }) => code === 0 && /^left open, banner true/m.test(stdout);
