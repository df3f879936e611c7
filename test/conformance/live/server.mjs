import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { featuresText } from './features.mjs';

const START_GUARD_MS = 60_000;
const REFUSAL = /updating snapshot.*/;
/** Without the first a v1 server leaves default variants and entity constraints out. */
const headers = (token) => ({
  'x-flipt-accept-server-version': '1.47.0',
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
});

/**
 * Runs a real Flipt server on loopback and serves generated namespaces from it; `settings` are added to its own, and
 * `token` is what they demand.
 * `serve(documents)` replaces all flag state and resolves once the server answers with it; a v1 server starts anew for that.
 * `end` kills it, `restart` starts it again on the same port.
 */
export async function startFlipt({ binary, generation, settings = {}, token }) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-live-'));
  const Server = generation === 'v1' ? ServerV1 : ServerV2;
  const server = new Server(binary, folder, settings, token);
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
  constructor(binary, folder, settings, token) {
    this.binary = binary;
    this.folder = folder;
    this.settings = settings;
    this.headers = headers(token);
    this.features = join(folder, 'features');
    mkdirSync(this.features);
  }

  get url() {
    return `${this.settings.server?.protocol ?? 'http'}://127.0.0.1:${this.port}`;
  }

  async launch(args, settings) {
    this.ports ??= await freePorts(2);
    const [http, grpc] = this.ports;
    this.port = http;
    const { server, ...more } = this.settings;
    const config = {
      log: { level: 'ERROR' },
      server: {
        protocol: 'http',
        host: '127.0.0.1',
        http_port: http,
        https_port: http,
        grpc_port: grpc,
        ...server,
      },
      ui: { enabled: false },
      ...settings,
      ...more,
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
      const refusal = REFUSAL.exec(this.output);
      if (refusal) throw new Error(`the Flipt server refused the flags: ${refusal[0]}`);
      if (this.process.exitCode !== null) throw new Error(`the Flipt server ended: ${this.output}`);
      const { status } = await this.get(url).catch(() => ({ status: 0 }));
      if (status === 200) return;
      if (Date.now() > deadline)
        throw new Error(`the Flipt server does not answer at ${url}: ${this.output}`);
      await delay(50);
    }
  }

  /** Resolves once the server refuses flags. */
  async refuses() {
    const deadline = Date.now() + START_GUARD_MS;
    while (!REFUSAL.test(this.output)) {
      if (Date.now() > deadline)
        throw new Error(`the Flipt server refuses nothing: ${this.output}`);
      await delay(50);
    }
  }

  /** The snapshot of a namespace as it is served. */
  async snapshot(namespace) {
    return (await this.get(this.snapshotUrl(namespace))).body;
  }

  /** `{ status, body }` of an address of this server, whatever its certificate. */
  get(url) {
    const get = url.startsWith('https:') ? getSecure : getPlain;
    const options = { headers: this.headers, agent: false, rejectUnauthorized: false };
    return new Promise((resolve, reject) => {
      const request = get(url, options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, body: Buffer.concat(chunks) }),
        );
      });
      request.on('error', reject);
    });
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
    await this.restart();
  }

  restart() {
    return this.launch(['server'], {
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

  /** Commits one file as it is. */
  put(path, text) {
    mkdirSync(join(this.repository, dirname(path)), { recursive: true });
    writeFileSync(join(this.repository, path), text);
    this.commit(path);
  }

  async serve(documents) {
    this.output = '';
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
    await this.restart();
    for (const [key] of documents) await this.until(this.snapshotUrl(key));
  }

  restart() {
    return this.launch([], {
      meta: { check_for_updates: false, telemetry_enabled: false, state_directory: this.folder },
      storage: { type: 'local', local: { path: this.features } },
      db: { url: `file:${join(this.folder, 'flipt.db')}` },
    });
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
