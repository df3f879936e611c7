// Flags in Jest: CommonJS, no configuration, no flags of Node.

const { createTestClient } = require('flipt-native/testing');

/** The code under test takes the client as an argument. */
function greeting(flags, user) {
  return flags.getStringValue('greeting', 'Hello', { targetingKey: user });
}

describe('the greeting', () => {
  const client = createTestClient({ flags: { greeting: 'Welcome' } });

  afterEach(() => client.reset());
  afterAll(() => client.close());

  test('comes from the flag', () => {
    expect(greeting(client, 'ada')).toBe('Welcome');
  });

  test('changes, and tells so', async () => {
    const changed = new Promise((resolve) => {
      client.onFlagChange('greeting', resolve);
    });
    client.setTestValue('greeting', 'Good morning');
    expect(greeting(client, 'ada')).toBe('Good morning');
    expect(await changed).toMatchObject({ flagKey: 'greeting', kind: 'modified' });
  });

  test('is the default where there is no flag', () => {
    client.removeTestValue('greeting');
    expect(greeting(client, 'ada')).toBe('Hello');
  });
});
