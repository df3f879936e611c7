// Credentials that change, expire or are refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { must } from '../rig.mjs';

const OWN = ['polling', 'streaming'];
const REFUSED = 'FLIPT_SERVER_UNAUTHENTICATED';

/** The server lets these in from now on; open streams break, as a Flipt server's do when it restarts. */
function letIn(rig, ...values) {
  rig.server.setAuthorizations(values);
  rig.server.closeStreams('end');
}

/** A function that answers with the token of the moment, and counts what it is asked for. */
function tokens(first) {
  const asked = [];
  const source = ({ reason }) => {
    asked.push(reason);
    return source.token;
  };
  return Object.assign(source, { token: first, asked });
}

/** An unsigned JSON web token. */
function jwt(seconds, id) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + seconds;
  return `${part({ alg: 'none' })}.${part({ exp, jti: id })}.${part('signature')}`;
}

export const credentials = [
  {
    name: 'a client token that is replaced on the server',
    short: 'streaming',
    modes: OWN,
    server: { token: 'one' },
    async begin(rig) {
      rig.source = tokens('one');
      await rig.start({ authentication: { clientToken: rig.source } });
    },
    async steps(rig) {
      must(rig.source.asked.length === 1, `asked for a token ${rig.source.asked.length} times`);
      rig.source.token = 'two';
      letIn(rig, 'Bearer two');
      rig.change();
      await rig.current();
      must(!rig.journal.codes.includes(REFUSED), 'the refusal was reported');
    },
  },
  {
    name: 'a list of tokens, the first of which is withdrawn',
    modes: OWN,
    server: { token: 'old' },
    options: { authentication: [{ clientToken: 'old' }, { clientToken: 'new' }] },
    async steps(rig) {
      letIn(rig, 'Bearer new');
      rig.change();
      await rig.current();
      letIn(rig, 'Bearer old');
    },
  },
  {
    name: 'a token that is refused for a while: no hot loop',
    modes: OWN,
    server: { token: 'right' },
    options: { authentication: { clientToken: 'right' } },
    long: true,
    async steps(rig) {
      letIn(rig, 'Bearer other');
      await rig.fails(REFUSED);
      const before = rig.server.requests.length;
      await pause(3_000);
      const seen = rig.server.requests.length - before;
      must(seen <= 40, `${seen} requests in three seconds`);
      rig.answers();
      letIn(rig, 'Bearer right');
    },
  },
  {
    name: 'updateAuthentication with a good and with a bad token',
    modes: OWN,
    server: { token: 'one' },
    options: { authentication: { clientToken: 'one' } },
    async steps(rig) {
      rig.server.setAuthorizations(['Bearer one', 'Bearer two']);
      rig.client.updateAuthentication({ clientToken: 'two' });
      await rig.until('the new token', () =>
        rig.server.requests.some(({ headers }) => headers.authorization === 'Bearer two'),
      );
      // The old one stays as fallback.
      rig.client.updateAuthentication({ clientToken: 'three' });
      await rig.until('the bad token', () =>
        rig.server.requests.some(({ headers }) => headers.authorization === 'Bearer three'),
      );
      rig.change();
      await rig.current();
    },
  },
  {
    name: '403 rotates nothing',
    modes: OWN,
    async begin(rig) {
      rig.source = tokens('one');
      await rig.start({ authentication: { clientToken: rig.source } });
    },
    async steps(rig) {
      rig.polls({ name: 'status', status: 403 });
      rig.streams({ name: 'status', status: 403 });
      rig.server.closeStreams('end');
      await rig.fails('FLIPT_SERVER_FORBIDDEN');
      rig.answers();
      must(rig.source.asked.length === 1, `asked for a token ${rig.source.asked.length} times`);
    },
  },
  {
    name: 'a token function that fails, hangs and comes to its senses',
    modes: OWN,
    server: { token: 'one' },
    options: { requestTimeout: 0.5 },
    async begin(rig) {
      rig.answer = () => 'one';
      const clientToken = (asked) => rig.answer(asked);
      await rig.start({ authentication: { clientToken } });
    },
    async steps(rig) {
      letIn(rig, 'Bearer two');
      rig.answer = () => Promise.reject(new Error('the vault is sealed'));
      await rig.fails('FLIPT_CREDENTIAL_FAILED');
      rig.journal.skipErrors();
      rig.answer = () => new Promise(() => {});
      await rig.fails('FLIPT_CREDENTIAL_FAILED');
      rig.answers();
      rig.answer = async () => 'two';
    },
  },
  {
    name: 'a JSON web token that expires',
    modes: OWN,
    options: { safetyPollIntervalMs: 300 },
    async begin(rig) {
      let made = 0;
      rig.reasons = [];
      const jwtToken = ({ reason }) => {
        rig.reasons.push(reason);
        made += 1;
        return jwt(made === 1 ? 3 : 3_600, made);
      };
      await rig.start({ authentication: { jwtToken } });
    },
    async steps(rig) {
      await rig.until('a fresh token', () => rig.reasons.length >= 2);
      must(!rig.journal.codes.includes(REFUSED), 'it was only replaced after a refusal');
    },
  },
  {
    name: 'a service account that is exchanged, then replaced',
    modes: OWN,
    server: (rig) => ({
      token: 'nobody',
      kubernetes: {
        serviceAccountToken: (token) => token === rig.serviceAccount,
        clientToken: () => `client-${rig.serviceAccount}`,
      },
    }),
    async begin(rig) {
      const folder = mkdtempSync(join(tmpdir(), 'flipt-chaos-'));
      rig.defer(() => rmSync(folder, { recursive: true, force: true }));
      const tokenPath = join(folder, 'token');
      rig.become = (name) => {
        rig.serviceAccount = name;
        writeFileSync(tokenPath, name);
      };
      rig.become('first');
      await rig.start({ authentication: { kubernetes: { tokenPath } } });
    },
    async steps(rig) {
      must(
        rig.server.requests.some(({ channel }) => channel === 'exchange'),
        'no exchange',
      );
      rig.become('second');
      letIn(rig, 'Bearer nobody');
      await rig.until('the second token', () =>
        rig.server.requests.some(({ headers }) => headers.authorization === 'Bearer client-second'),
      );
      rig.change();
      await rig.current();
    },
  },
];
