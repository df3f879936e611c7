import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lend } from '../../package/projects.mjs';
import { lendWhole } from './lend-whole.mjs';
import { shown, without } from './page.mjs';
import { Project } from './project.mjs';

const page = 'docs/frameworks/nextjs.md';
const files = [
  'next.config.mjs',
  'lib/flags.ts',
  'instrumentation.ts',
  'app/api/checkout/route.ts',
];
const line = "serverExternalPackages: ['flipt-native'],";
const hangMs = 60_000;

/** The application of the guide: built, started, asked over HTTP. */
export const applications = [
  { name: 'Next.js, external', run: (context) => runStarted(context, (text) => text) },
  {
    name: 'Next.js, bundled',
    run: (context) => runStarted(context, (text) => without(text, line)),
  },
  { name: 'Next.js, standalone', run: runStandalone },
];

async function runStarted(context, change) {
  const project = await build(context, change);
  await asked(project, project.folder, ['node_modules/next/dist/bin/next', 'start']);
  return 'works: route handler and server component';
}

/** What Next.js traced runs in another folder, without the project. */
async function runStandalone(context) {
  const project = await build(context, (text) =>
    text.replace(line, `${line}\n  output: 'standalone',`),
  );
  const away = join(context.folder, 'away');
  cpSync(join(project.folder, '.next/standalone'), away, { recursive: true });
  await asked(project, away, ['server.js']);
  return 'works from the files that are traced';
}

async function build(context, change) {
  const project = await Project.open(context);
  lendWhole(project.folder, ['next', 'react', 'react-dom', '@types/react']);
  lend(project.folder, 'typescript', '@types/node', 'undici-types');
  cpSync(join(import.meta.dirname, 'next'), project.folder, { recursive: true });
  for (const file of files) project.write(file, shown(page, file));
  project.write('next.config.mjs', change(shown(page, 'next.config.mjs')));
  project.environment.NEXT_TELEMETRY_DISABLED = '1';
  await project.must('node', 'node_modules/next/dist/bin/next', 'build');
  return project;
}

/** Starts the application in a folder and asks it for both answers. */
async function asked(project, folder, program) {
  const port = await freePort();
  const env = { ...process.env, ...project.environment, PORT: String(port), HOSTNAME: '127.0.0.1' };
  const server = spawn(process.execPath, program, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  try {
    const url = `http://127.0.0.1:${port}`;
    const headers = { 'x-user': 'ada', 'x-plan': 'premium' };
    assert.equal(
      await textOf(`${url}/api/checkout`, { headers }, server),
      '{"checkout":"new"}',
      output,
    );
    assert.match(await textOf(url, {}, server), /<p>new<\/p>/, output);
  } finally {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  }
}

/** Asks until the server listens. */
async function textOf(url, options, server) {
  const since = performance.now();
  for (;;) {
    try {
      const signal = AbortSignal.timeout(hangMs);
      return await (await fetch(url, { ...options, signal })).text();
    } catch (error) {
      const isOver = server.exitCode !== null || performance.now() - since > hangMs;
      if (isOver) throw error;
      await pause(100);
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
