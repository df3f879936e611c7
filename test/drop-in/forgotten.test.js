// Clients in Jest that are never closed: Jest ends all the same.

const { FliptClient } = require('@flipt-io/flipt-client-js');

test.each(['polling', 'streaming'])('a client that is never closed, %s', async (fetchMode) => {
  const client = await FliptClient.init({ url: process.env.SERVER_URL, fetchMode });
  client.on('change', () => {});
  expect(client.listFlags()).toHaveLength(5);
});
