import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { publishAll } from '../../scripts/release/publish.mjs';
import { integrityOf, isLoopback, lookUp } from '../../scripts/release/registry.mjs';
import { verifyServed } from '../../scripts/release/served.mjs';
import { withPrograms } from './programs.mjs';
import { startRegistry } from './registry.mjs';
import { tarballOf } from './tarball.mjs';

const names = ['release-test-platform', 'release-test'];
const servedWithinMs = 500;
const kept = { ...process.env };

describe('publishing', () => {
  let folder;
  let registry;
  let outcomes;
  const onOutcome = ({ name, version, outcome }) => outcomes.push(`${name}@${version} ${outcome}`);
  const publish = (packages, options) =>
    publishAll(packages, { registry: registry.url, servedWithinMs, onOutcome, ...options });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'flipt-native-publish-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    outcomes = [];
    registry = await startRegistry();
    const { host } = new URL(registry.url);
    writeFileSync(join(folder, 'npmrc'), `//${host}/:_authToken=anybody\nfetch-retries=0\n`);
    process.env.npm_config_userconfig = join(folder, 'npmrc');
  });
  afterEach(async () => {
    process.env = { ...kept };
    await registry.close();
  });

  function pack(version, description = '') {
    return names.map((name) => {
      const tarball = tarballOf({ name, version, description, license: 'MIT' });
      const file = join(folder, `${name}-${version}.tgz`);
      writeFileSync(file, tarball);
      return { name, version, file, integrity: integrityOf(tarball) };
    });
  }

  const tagsOf = (name) => registry.packages.get(name)['dist-tags'];

  it('puts a release under latest and a prerelease under next', async () => {
    await publish(pack('1.0.0'));
    await publish(pack('1.1.0-rc.1'));
    assert.deepEqual(outcomes, [
      ...names.map((name) => `${name}@1.0.0 published`),
      ...names.map((name) => `${name}@1.1.0-rc.1 published`),
    ]);
    for (const name of names)
      assert.deepEqual(tagsOf(name), { latest: '1.0.0', next: '1.1.0-rc.1' });
  });

  it('refuses to take latest back, before anything is published', async () => {
    await publish(pack('1.1.0'));
    await assert.rejects(publish(pack('1.0.9')), /1\.0\.9 is older than 1\.1\.0/);
    assert.deepEqual(Object.keys(registry.packages.get(names[0]).versions), ['1.1.0']);
  });

  it('refuses another content of the last package, before the first is published', async () => {
    const [, main] = pack('1.0.0');
    await publish([main]);
    await assert.rejects(
      publish(pack('1.0.0', 'changed')),
      /release-test@1\.0\.0 is in the registry with another content: sha512-/,
    );
    assert.equal(registry.packages.has(names[0]), false);
  });

  it('ends when a package is not served, and does not go on to the next', async () => {
    const packages = pack('1.0.0');
    registry.answer = ({ url }) => (url.endsWith('.tgz') ? { status: 404 } : undefined);
    await assert.rejects(publish(packages), /was published, but its tarball answers 404/);
    assert.deepEqual([...registry.packages.keys()], [names[0]]);
    registry.answer = ({ url }) => (url.endsWith('.tgz') ? { body: Buffer.from('x') } : undefined);
    await assert.rejects(publish(packages), /but its tarball is sha512-/);
    registry.answer = () => undefined;
    outcomes = [];
    await publish(packages);
    assert.deepEqual(outcomes, [`${names[0]}@1.0.0 present`, `${names[1]}@1.0.0 published`]);
  });

  it('waits for a package that is served late', async () => {
    let isPublished = false;
    let late = 0;
    registry.answer = ({ method, url }) => {
      if (method === 'PUT') isPublished = true;
      if (!isPublished || method !== 'GET' || url !== `/${names[0]}` || late === 2)
        return undefined;
      late += 1;
      return { status: 404 };
    };
    await publish(pack('1.0.0'), { servedWithinMs: 60_000 });
    assert.equal(late, 2);
    assert.equal(outcomes.length, names.length);
  });

  it('takes an answer that is no answer for an error, not for a package that is missing', async () => {
    const packages = pack('1.0.0');
    registry.answer = ({ method }) => (method === 'GET' ? { status: 503 } : undefined);
    await assert.rejects(publish(packages), /the registry answers 503 for release-test-platform/);
    assert.equal(registry.packages.size, 0);
    const { url } = registry;
    await registry.close();
    await assert.rejects(lookUp(url, names[0]), /the registry cannot be asked: .*ECONNREFUSED/);
    registry = await startRegistry();
  });

  it('tells what npm said when it fails', async () => {
    const packages = pack('1.0.0');
    registry.answer = ({ method }) => (method === 'PUT' ? { status: 403 } : undefined);
    await assert.rejects(
      publish(packages),
      /npm publish failed for release-test-platform@1\.0\.0:\n.*403/s,
    );
  });

  it('is verified by what the registry serves, with the tag of the version', async () => {
    const packages = pack('1.0.0');
    await publish(packages);
    const verify = () =>
      verifyServed({ version: '1.0.0', packages }, { registry: registry.url, withinMs: 500 });
    registry.packages.get(names[1])['dist-tags'] = { latest: '0.9.0' };
    await assert.rejects(verify(), /release-test: latest is 0\.9\.0, not 1\.0\.0/);
    registry.packages.delete(names[0]);
    await assert.rejects(
      verify(),
      /release-test-platform@1\.0\.0 was published, but .*not list it/,
    );
  });

  it('publishes stubs on loopback only', async () => {
    const [stub] = pack('1.0.0').map((one) => ({ ...one, isStub: true }));
    const elsewhere = 'https://registry.example/';
    assert.equal(isLoopback(registry.url), true);
    assert.equal(isLoopback(elsewhere), false);
    await assert.rejects(
      publishAll([stub], { registry: elsewhere }),
      /stubs are never published: release-test-platform/,
    );
    await publish([stub]);
  });

  it('by the identity of a workflow takes an npm that can do so', async () => {
    const packages = pack('1.0.0');
    await withPrograms({ npm: "console.log('11.5.0')" }, async () => {
      await assert.rejects(
        publish(packages, { provenance: true }),
        /takes npm 11\.5\.1; this is 11\.5\.0/,
      );
    });
  });
});
