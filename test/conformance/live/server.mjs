import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { featuresText } from './features.mjs';

const START_GUARD_MS = 60_000;
/** Without it a v1 server leaves default variants and entity constraints out. */
const HEADERS = { 'x-flipt-accept-server-version': '1.47.0' };

/**
 * Runs a real Flipt server on loopback and serves generated namespaces from it.
 * `serve(documents)` replaces all flag state and resolves once the server answers with it; a v1 server starts anew for that.
 */
export async function startFlipt({ binary, generation }) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-live-'));
  const server = generation === 'v1' ? new ServerV1(binary, folder) : new ServerV2(binary, folder);
  process.once('exit', server.abandon);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

class Server {
  constructor(binary, folder) {
    this.binary = binary;
    this.folder = folder;
    this.features = join(folder, 'features');
    mkdirSync(this.features);
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async launch(args, settings) {
    const [http, grpc] = await freePorts(2);
    this.port = http;
    const config = {
      log: { level: 'ERROR' },
      server: { protocol: 'http', host: '127.0.0.1', http_port: http, grpc_port: grpc },
      ui: { enabled: false },
      ...settings,
    };
    const file = join(this.folder, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    this.process = spawn(this.binary, [...args, '--config', file], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.output = '';
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (chunk) => {
        this.output = (this.output + chunk).slice(-20_000);
      });
    }
    await this.until(`${this.url}/health`);
  }

  /** Resolves once `path` answers 200. */
  async until(url) {
    const deadline = Date.now() + START_GUARD_MS;
    for (;;) {
      const refusal = /updating snapshot.*/.exec(this.output);
      if (refusal) throw new Error(`the Flipt server refused the flags: ${refusal[0]}`);
      if (this.process.exitCode !== null) throw new Error(`the Flipt server ended: ${this.output}`);
      const status = await fetch(url, { headers: HEADERS }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      if (status === 200) return;
      if (Date.now() > deadline)
        throw new Error(`the Flipt server does not answer at ${url}: ${this.output}`);
      await delay(50);
    }
  }

  /** The snapshot of a namespace as it is served. */
  async snapshot(namespace) {
    const response = await fetch(this.snapshotUrl(namespace), { headers: HEADERS });
    return Buffer.from(await response.arrayBuffer());
  }

  snapshotUrl(namespace) {
    return `${this.url}/internal/v1/evaluation/snapshot/namespace/${encodeURIComponent(namespace)}`;
  }

  write(documents) {
    rmSync(this.features, { recursive: true, force: true });
    for (const [key, document] of documents) {
      mkdirSync(join(this.features, key), { recursive: true });
      writeFileSync(join(this.features, key, 'features.yaml'), featuresText(document));
    }
  }

  async end() {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }

  async stop() {
    process.off('exit', this.abandon);
    await this.end();
    this.abandon();
  }

  /** What is left to do when the process ends early. */
  abandon = () => {
    this.process?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };
}

class ServerV2 extends Server {
  async start() {
    this.repository = join(this.folder, 'repository');
    this.features = this.repository;
    mkdirSync(this.repository);
    this.git('init', '-q', '-b', 'main');
    this.commit('start');
    await this.launch(['server'], {
      meta: { check_for_updates: false, telemetry_enabled: false },
      storage: {
        default: {
          remote: this.repository,
          branch: 'main',
          poll_interval: '1s',
          backend: { type: 'memory' },
        },
      },
      environments: { default: { name: 'default', storage: 'default', default: true } },
    });
  }

  async serve(documents) {
    this.git('rm', '-r', '-q', '--ignore-unmatch', '.');
    for (const [key, document] of documents) {
      mkdirSync(join(this.repository, key), { recursive: true });
      writeFileSync(join(this.repository, key, 'features.yaml'), featuresText(document));
    }
    this.commit('flags');
    for (const [key] of documents) await this.until(this.snapshotUrl(key));
  }

  commit(message) {
    this.git('add', '-A');
    this.git(
      '-c',
      'user.name=conformance',
      '-c',
      'user.email=conformance@localhost',
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      message,
    );
  }

  git(...args) {
    execFileSync('git', ['-C', this.repository, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

class ServerV1 extends Server {
  async start() {}

  async serve(documents) {
    await this.end();
    this.write(documents);
    await this.launch([], {
      meta: { check_for_updates: false, telemetry_enabled: false, state_directory: this.folder },
      storage: { type: 'local', local: { path: this.features } },
      db: { url: `file:${join(this.folder, 'flipt.db')}` },
    });
    for (const [key] of documents) await this.until(this.snapshotUrl(key));
  }
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
