// Servers that die and return, certificates, proxies, names.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.mjs';
import { startProxy } from '../../support/proxy.mjs';
import { must, sdk } from '../rig.mjs';

const EVERY_MODE = ['polling', 'streaming', 'fetcher'];
const OWN = ['polling', 'streaming'];

const authority = createAuthority();
const stranger = createAuthority('somebody else');
const trusting = { tlsConfig: { caCertData: authority.cert } };

/** Lets the server show another certificate to those who connect anew, and breaks what is open. */
async function certificateBecomes(rig, tls) {
  rig.server.setTls(tls);
  await rig.kill();
  await rig.restart();
}

const refusedCertificates = [
  ['of another authority', () => stranger.issue(), 'streaming'],
  ['that has expired', () => authority.issue({ days: -1 })],
  ['of another host', () => authority.issue({ hosts: ['elsewhere.example'] })],
].map(([what, issue, short]) => ({
  name: `a certificate ${what}, then a good one`,
  short,
  modes: OWN,
  options: trusting,
  server: () => ({ tls: authority.issue() }),
  async steps(rig) {
    await certificateBecomes(rig, issue());
    await rig.fails('FLIPT_TLS_FAILED');
    rig.answers();
    await certificateBecomes(rig, authority.issue());
  },
}));

/** Sets variables of the environment until the scenario ends. */
function environment(rig, variables) {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    rig.defer(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

async function withProxy(rig, options) {
  rig.proxy = await startProxy(options);
  rig.defer(() => rig.proxy.close());
}

export const network = [
  {
    name: 'a server that is killed and started again',
    short: 'streaming',
    modes: EVERY_MODE,
    async steps(rig) {
      await rig.kill();
      await rig.fails();
      rig.answers();
    },
  },
  {
    name: 'a server that vanishes with resets, twice',
    modes: EVERY_MODE,
    async steps(rig) {
      for (let round = 0; round < 2; round += 1) {
        await rig.kill('reset');
        await rig.fails();
        rig.answers();
        await rig.heal();
        rig.change();
        await rig.current();
      }
    },
  },
  {
    name: 'a server that is gone for a while',
    modes: EVERY_MODE,
    long: true,
    async steps(rig) {
      await rig.kill();
      await pause(8_000);
      rig.answers();
      must(rig.journal.codes.length > 0, 'nobody noticed');
    },
  },
  {
    name: 'a server that stands still and goes on',
    short: 'polling',
    modes: EVERY_MODE,
    options: { requestTimeout: 0.4, connectTimeoutMs: 400, safetyPollIntervalMs: 200 },
    async steps(rig) {
      rig.pause();
      await rig.fails();
      rig.answers();
    },
  },
  {
    name: 'a pooled connection that died unnoticed',
    modes: ['polling'],
    options: { updateInterval: 0, retry: { maxRetries: 0 } },
    async steps(rig) {
      await rig.refresh();
      await rig.kill('reset');
      await rig.restart();
      rig.change();
      must(await rig.refresh(), 'no change');
      must(rig.journal.codes.length === 0, `errors: ${rig.journal.codes}`);
    },
    recover: (rig) => rig.refresh(),
  },
  {
    name: 'TLS with HTTP/2',
    short: 'streaming',
    modes: OWN,
    options: trusting,
    server: () => ({ tls: authority.issue() }),
    async steps(rig) {
      rig.change();
      await rig.current();
      const protocols = new Set(rig.server.connects.map(({ protocol }) => protocol));
      must(protocols.size === 1 && protocols.has('h2'), `protocols: ${[...protocols]}`);
      rig.server.closeStreams('reset');
    },
  },
  {
    name: 'TLS with HTTP/1.1 only',
    modes: OWN,
    options: trusting,
    server: () => ({ tls: authority.issue(), http2: false }),
    async steps(rig) {
      rig.change();
      await rig.current();
      rig.server.closeStreams('cut');
    },
  },
  {
    name: 'HTTP/2 connections that the server drops',
    modes: OWN,
    options: trusting,
    server: () => ({ tls: authority.issue() }),
    async steps(rig) {
      for (const how of [undefined, 'reset']) {
        await rig.kill(how);
        await rig.fails();
        await rig.heal();
        rig.change();
        await rig.current();
      }
    },
  },
  ...refusedCertificates,
  {
    name: 'a certificate of another host where that is allowed, then a stranger',
    modes: OWN,
    options: { tlsConfig: { caCertData: authority.cert, insecureSkipHostnameVerify: true } },
    server: () => ({ tls: authority.issue({ hosts: ['elsewhere.example'] }) }),
    async steps(rig) {
      must(
        rig.journal.warnings().some((line) => /insecureSkipHostnameVerify|host ?name/i.test(line)),
        `no warning among ${rig.journal.warnings()}`,
      );
      await certificateBecomes(rig, stranger.issue({ hosts: ['elsewhere.example'] }));
      await rig.fails('FLIPT_TLS_FAILED');
      await certificateBecomes(rig, authority.issue({ hosts: ['elsewhere.example'] }));
    },
  },
  {
    name: 'mutual TLS, and a server that no longer knows us',
    modes: OWN,
    options: () => {
      const { cert, key } = authority.issue({ hosts: [], usage: 'client' });
      return {
        tlsConfig: { caCertData: authority.cert, clientCertData: cert, clientKeyData: key },
      };
    },
    server: () => ({
      tls: { ...authority.issue(), ca: authority.cert, requestCert: true },
    }),
    async steps(rig) {
      await certificateBecomes(rig, {
        ...authority.issue(),
        ca: stranger.cert,
        requestCert: true,
      });
      await rig.fails();
      rig.answers();
      await certificateBecomes(rig, { ...authority.issue(), ca: authority.cert });
    },
  },
  {
    name: 'keys and certificates that cannot be used',
    modes: ['polling'],
    noClient: true,
    server: () => ({ tls: authority.issue() }),
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const { cert, key } = authority.issue({ usage: 'client' });
      const locked = authority.issue({ usage: 'client', passphrase: 'open sesame' });
      const configs = [
        { clientCertData: locked.cert, clientKeyData: locked.key },
        { clientCertData: cert, clientKeyData: locked.key },
        { clientCertData: cert, clientKeyData: authority.issue().key },
        { clientCertData: cert },
        { clientKeyData: key },
        { caCertData: 'no certificate' },
        { caCertFile: '/nowhere/ca.pem' },
      ];
      for (const tlsConfig of configs) {
        const names = Object.keys(tlsConfig).join(' and ');
        const error = await sdk.FliptClient.init(rig.options({ tlsConfig })).then(
          () => ({ code: 'none' }),
          (reason) => reason,
        );
        const said = `${names}: ${error.code}, ${error.message}`;
        must(['FLIPT_OPTION_INVALID', 'FLIPT_TLS_FAILED'].includes(error.code), said);
        must(!/PRIVATE KEY|sesame/.test(error.message), 'the message shows a secret');
      }
      must(rig.server.requests.length === 0, 'a request was sent');
    },
  },
  {
    name: 'NODE_TLS_REJECT_UNAUTHORIZED=0 and insecureSkipVerify, with a warning',
    modes: OWN,
    options: (rig) => ({ tlsConfig: { insecureSkipVerify: !rig.isLax } }),
    server: () => ({ tls: stranger.issue({ hosts: ['elsewhere.example'], days: -1 }) }),
    async steps(rig) {
      must(rig.journal.warnings().length > 0, 'no warning');
      const warned = rig.journal.warnings().length;
      rig.isLax = true;
      environment(rig, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
      await (await rig.another()).close();
      must(rig.journal.warnings().length > warned, 'no second warning');
    },
    clients: 2,
  },
  {
    name: 'a name that nobody knows',
    modes: OWN,
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const url = 'http://flipt.invalid:8080';
      const code = await sdk.FliptClient.init(rig.options({ url })).then(
        () => 'none',
        (error) => error.code,
      );
      must(code === 'FLIPT_DNS_FAILED', `init ended with ${code}`);
    },
  },
  {
    name: 'a private authority from NODE_EXTRA_CA_CERTS',
    modes: OWN,
    server: () => ({ tls: authority.issue() }),
    async begin(rig) {
      const folder = mkdtempSync(join(tmpdir(), 'flipt-chaos-'));
      rig.defer(() => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(join(folder, 'ca.pem'), authority.cert);
      environment(rig, { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') });
      await rig.start();
    },
    async steps(rig) {
      await rig.kill();
      await rig.fails();
    },
  },
  {
    name: 'a TLS handshake that hangs',
    modes: OWN,
    options: { ...trusting, requestTimeout: 0.5, connectTimeoutMs: 300 },
    server: () => ({ tls: authority.issue() }),
    async steps(rig) {
      await rig.kill();
      rig.pause();
      await rig.restart();
      await rig.fails('FLIPT_REQUEST_TIMEOUT');
      rig.answers();
    },
  },
  {
    name: 'a proxy with credentials that dies and returns',
    short: 'streaming',
    modes: OWN,
    options: (rig) => ({ ...trusting, proxy: rig.proxy.url }),
    server: () => ({ tls: authority.issue() }),
    async begin(rig) {
      await withProxy(rig, { username: 'ann', password: 'secret:of@ann' });
      await rig.start();
    },
    async steps(rig) {
      must(rig.proxy.tunnels.length > 0, 'nothing went through the proxy');
      await rig.proxy.close();
      await rig.fails();
      rig.answers();
      await rig.proxy.open();
    },
  },
  {
    name: 'a proxy that refuses for a while',
    modes: OWN,
    options: (rig) => ({ ...trusting, proxy: rig.proxy.url }),
    server: () => ({ tls: authority.issue() }),
    async begin(rig) {
      await withProxy(rig);
      await rig.start();
    },
    async steps(rig) {
      rig.proxy.setBehaviour({ status: 503 });
      await certificateBecomes(rig, authority.issue());
      await rig.fails('FLIPT_PROXY_FAILED');
      rig.proxy.setBehaviour('serve');
    },
  },
  {
    name: 'a proxy from the environment, lower case first',
    modes: OWN,
    async begin(rig) {
      await withProxy(rig);
      environment(rig, {
        http_proxy: rig.proxy.url,
        HTTP_PROXY: 'http://127.0.0.1:9',
        no_proxy: 'elsewhere',
      });
      await rig.start();
    },
    async steps(rig) {
      must(rig.proxy.forwards.length + rig.proxy.tunnels.length > 0, 'the proxy saw nothing');
      rig.server.closeStreams('reset');
    },
  },
  {
    name: 'a dead proxy in the environment, and NO_PROXY',
    modes: OWN,
    async begin(rig) {
      environment(rig, { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: 'x.example, 127.0.0.0/8' });
      await rig.start();
    },
    async steps(rig) {
      rig.server.closeStreams('reset');
    },
  },
  {
    name: 'a name with two addresses, one of them dead',
    modes: OWN,
    options: (rig) => ({ url: rig.server.url.replace('127.0.0.1', 'localhost') }),
    async steps(rig) {
      await rig.kill();
      await rig.fails();
    },
  },
  {
    name: 'a hundred and fifty streaming clients on HTTP/2',
    modes: ['streaming'],
    long: true,
    clients: 151,
    options: { ...trusting, safetyPollIntervalMs: 500 },
    server: () => ({ tls: authority.issue() }),
    async steps(rig) {
      const clients = await Promise.all(Array.from({ length: 150 }, () => rig.another()));
      await rig.until('all streams', () => rig.server.listeningStreams === 151);
      rig.change();
      for (const client of clients) {
        await rig.until('a change for all', () => client.status.digest === rig.status.digest);
      }
      await rig.current();
      const streams = rig.server.connects.filter(({ channels }) => channels.includes('stream'));
      const peak = Math.max(...streams.map(({ peakActive }) => peakActive));
      must(peak <= 100, `${peak} streams on one connection`);
      must(
        streams.every(({ channels }) => channels.length === 1),
        'polls share it with streams',
      );
      must(await Promise.all(clients.map((client) => client.refresh())), 'a poll failed');
      await Promise.all(clients.map((client) => client.close()));
      await rig.until('one stream', () => rig.server.listeningStreams === 1);
    },
  },
];
