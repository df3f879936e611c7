import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { runNpm, StepError } from '../steps/process.mjs';

/** The registry that npm is configured for. */
export async function configuredRegistry() {
  const { code, stdout, stderr } = await runNpm(['config', 'get', 'registry'], { output: 'keep' });
  if (code !== 0) throw new StepError(`npm config get registry failed:\n${stderr}`);
  return stdout.trim();
}

export const integrityOf = (bytes) =>
  `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

/** Whether only this machine can reach a registry. */
export const isLoopback = (registry) =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(registry).hostname);

/**
 * What a registry has of a package: `{ versions: { version: integrity }, tags }`. A package that it does not know has
 * neither; anything but a clear answer is an error.
 */
export async function lookUp(registry, name) {
  const url = new URL(name.replace('/', '%2f'), registry);
  const response = await ask(url, { accept: 'application/json', 'cache-control': 'no-cache' });
  if (response.status === 404) return { versions: {}, tags: {}, tarballs: {} };
  if (!response.ok) throw new StepError(`the registry answers ${response.status} for ${name}`);
  const document = await response.json();
  const dists = Object.entries(document.versions ?? {}).map(([key, { dist }]) => [key, dist]);
  return {
    versions: Object.fromEntries(dists.map(([version, dist]) => [version, dist.integrity])),
    tarballs: Object.fromEntries(dists.map(([version, dist]) => [version, dist.tarball])),
    tags: document['dist-tags'] ?? {},
  };
}

/**
 * Waits until a registry serves a published package as it was packed: its document names the version with this
 * integrity, and the tarball has it. What is published is not everywhere at once.
 */
export async function waitUntilServed(registry, { name, version, integrity }, { withinMs }) {
  const deadline = performance.now() + withinMs;
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 5_000)) {
    const problem = await problemOf(registry, { name, version, integrity });
    if (problem === undefined) return;
    if (performance.now() + waitMs > deadline)
      throw new StepError(`${name}@${version} was published, but ${problem}`);
    await pause(waitMs);
  }
}

async function problemOf(registry, { name, version, integrity }) {
  const { versions, tarballs } = await lookUp(registry, name);
  if (!(version in versions)) return 'the registry does not list it';
  if (versions[version] !== integrity) return `the registry lists ${versions[version]}`;
  const response = await ask(tarballs[version], {});
  if (!response.ok) return `its tarball answers ${response.status}`;
  const served = integrityOf(Buffer.from(await response.arrayBuffer()));
  return served === integrity ? undefined : `its tarball is ${served}`;
}

async function ask(url, headers) {
  try {
    return await fetch(url, { headers, redirect: 'follow' });
  } catch (error) {
    throw new StepError(`the registry cannot be asked: ${error.cause?.message ?? error.message}`);
  }
}
