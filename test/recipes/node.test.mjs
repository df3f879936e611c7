// Flags in node:test, with overrides that concurrent tests do not see of each other.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { createTestClient, overrideFlags } from 'flipt-native/testing';

const client = createTestClient({ flags: { banner: false, theme: { accent: '#06c' } } });

after(() => client.close());

/** The code under test, with the client of its module. */
async function header() {
  await null;
  const { accent } = client.getObjectValue('theme', { accent: '#000' });
  return client.getBooleanValue('banner', false) ? `banner in ${accent}` : 'no banner';
}

describe('the header', { concurrency: true }, () => {
  it('has no banner', async () => {
    assert.equal(await header(), 'no banner');
  });

  it('has a banner where the flag is on', async () => {
    await overrideFlags({ banner: true }, async () => {
      assert.equal(await header(), 'banner in #06c');
    });
  });

  it('has the accent of the theme', async () => {
    await overrideFlags({ banner: true, theme: { accent: '#fd0' } }, async () => {
      assert.equal(await header(), 'banner in #fd0');
    });
  });
});
