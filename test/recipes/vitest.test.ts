// Flags in vitest: a test client on the real engine, without a server.

import type { FliptClient } from 'flipt-native';
import { createTestClient, flag } from 'flipt-native/testing';
import { afterEach, describe, expect, it } from 'vitest';

/** The code under test takes the client as an argument. */
function pageOf(flags: FliptClient, user: { id: string; plan: string }) {
  const context = { targetingKey: user.id, plan: user.plan };
  return {
    checkout: flags.getBooleanValue('new-checkout', false, context) ? 'new' : 'old',
    size: flags.getNumberValue('page-size', 10, context),
  };
}

const client = createTestClient({ flags: { 'new-checkout': false, 'page-size': 20 } });

afterEach(() => client.reset());

describe('the page', () => {
  it('shows the old checkout by default', () => {
    expect(pageOf(client, { id: 'ada', plan: 'free' })).toEqual({ checkout: 'old', size: 20 });
  });

  it('shows the new checkout where the flag is on', () => {
    client.setTestValue('new-checkout', true);
    expect(pageOf(client, { id: 'ada', plan: 'free' }).checkout).toBe('new');
  });

  it('follows rules as production does', () => {
    client.setTestValue('new-checkout', flag('new-checkout').on().when({ plan: 'pro' }));
    expect(pageOf(client, { id: 'ada', plan: 'pro' }).checkout).toBe('new');
    expect(pageOf(client, { id: 'ada', plan: 'free' }).checkout).toBe('old');
  });

  it('asks for each flag once', () => {
    pageOf(client, { id: 'ada', plan: 'free' });
    expect(client.testing.evaluations.map(({ flagKey }) => flagKey)).toEqual([
      'new-checkout',
      'page-size',
    ]);
  });
});
