// A test in plain Jest, as a user writes it: CommonJS, no configuration, no flags of Node.

const { FliptClient } = require('@flipt-io/flipt-client-js');

test('a client in Jest', async () => {
  const client = await FliptClient.init({ url: process.env.SERVER_URL, updateInterval: 3600 });
  const { enabled } = client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann', context: {} });
  expect(enabled).toBe(true);
  await expect(async () =>
    client.evaluateBoolean({ flagKey: '', entityId: 'a', context: {} }),
  ).rejects.toThrow('flagKey cannot be empty');
  await client.close();
});
