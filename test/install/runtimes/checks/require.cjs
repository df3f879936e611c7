const { FliptClient } = require('flipt-native');

const { FLIPT_URL: url, FLIPT_NAMESPACE: namespace } = process.env;
FliptClient.init({ url, namespace }).then(async (client) => {
  const request = {
    flagKey: 'new-checkout',
    entityId: 'ada',
    context: { email: 'ada@shop.example' },
  };
  console.log(client.evaluateBoolean(request).enabled ? 'ok' : 'another answer');
  await client.close();
});
