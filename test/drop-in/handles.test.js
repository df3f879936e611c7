// Clients in Jest that are closed: nothing of them is left.

const { FliptClient } = require('@flipt-io/flipt-client-js');

test.each(['polling', 'streaming'])('a client that is closed, %s', async (fetchMode) => {
  const client = await FliptClient.init({ url: process.env.SERVER_URL, fetchMode });
  client.on('change', () => {});
  await client.refresh();
  expect(client.listFlags()).toHaveLength(5);
  await client.close();
});
