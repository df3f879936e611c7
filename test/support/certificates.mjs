// Certificates for tests, made when they are needed: an authority of our own and what it signs.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

const DAY_MS = 86_400_000;
const SIGNED_WITH_ECDSA_AND_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
const USAGE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

/** A certificate authority; `issue` makes a certificate and its key, both as PEM text. */
export function createAuthority(name = 'flipt-native test authority') {
  const keys = newKeys();
  const own = { name, key: keys.privateKey };
  const cert = certificate({
    subject: name,
    issuer: own,
    publicKey: keys.publicKey,
    isAuthority: true,
  });
  return { cert, issue: (options) => issue(own, options) };
}

/**
 * `{ hosts, usage, days, startsInDays, passphrase }`: names and addresses (default loopback), `server` or `client`
 * (default server), days of validity from now on (negative: expired), and what the key is encrypted with.
 */
function issue(issuer, options = {}) {
  const {
    hosts = ['localhost', '127.0.0.1', '::1'],
    usage = 'server',
    days = 30,
    passphrase,
  } = options;
  const { publicKey, privateKey } = newKeys();
  const subject = hosts[0] ?? 'client';
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return {
    cert: certificate({ subject, issuer, publicKey, hosts, usage, days }),
    key: privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }),
  };
}

function newKeys() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function certificate({ subject, issuer, publicKey, hosts, usage, days = 30, isAuthority = false }) {
  const end = Date.now() + days * DAY_MS;
  const start = Math.min(Date.now(), end) - DAY_MS;
  const serial = randomBytes(16);
  // Positive, and without leading zeros.
  serial[0] = (serial[0] & 0x7f) | 0x40;
  const signed = sequence(
    tagged(0, integer(2)),
    der(0x02, serial),
    SIGNED_WITH_ECDSA_AND_SHA256,
    distinguishedName(issuer.name),
    sequence(time(start), time(end)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions({ hosts, usage, isAuthority }))),
  );
  const signature = sign('sha256', signed, issuer.key);
  const whole = sequence(signed, SIGNED_WITH_ECDSA_AND_SHA256, bits(signature));
  const lines = whole.toString('base64').match(/.{1,64}/g);
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function extensions({ hosts, usage, isAuthority }) {
  const yes = der(0x01, Buffer.from([0xff]));
  if (isAuthority) {
    const signsCertificates = bits(Buffer.from([0b0000_0110]), 1);
    return [
      extension('2.5.29.19', sequence(yes), yes),
      extension('2.5.29.15', signsCertificates, yes),
    ];
  }
  const names = hosts.map((host) =>
    isIP(host) ? der(0x87, addressBytes(host)) : der(0x82, Buffer.from(host)),
  );
  return [
    extension('2.5.29.19', sequence(), yes),
    extension('2.5.29.15', bits(Buffer.from([0b1000_0000]), 7), yes),
    extension('2.5.29.37', sequence(oid(USAGE[usage]))),
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names))] : []),
  ];
}

function extension(id, value, ...critical) {
  return sequence(oid(id), ...critical, der(0x04, value));
}

function distinguishedName(name) {
  return sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from(name)))));
}

/** Only the loopback address of IPv6 is ever needed. */
function addressBytes(host) {
  return isIP(host) === 4
    ? Buffer.from(host.split('.').map(Number))
    : Buffer.from([...Array(15).fill(0), 1]);
}

function time(ms) {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(text.slice(2)));
}

function bits(bytes, unused = 0) {
  return der(0x03, Buffer.concat([Buffer.from([unused]), bytes]));
}

function oid(text) {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const digits = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) {
      digits.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}

function integer(value) {
  return der(0x02, Buffer.from([value]));
}

function tagged(number, content) {
  return der(0xa0 + number, content);
}

function sequence(...parts) {
  return der(0x30, Buffer.concat(parts));
}

function der(tag, content) {
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
