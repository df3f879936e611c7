/** Uses every subpath against a Flipt server; resolves to what the row compares. */
exports.journey = async ({ main, node, types, testing, openfeature, sdk }, url) => {
  const client = await main.FliptClient.init({ url, namespace: 'shop' });
  const { enabled } = client.evaluateBoolean({
    flagKey: 'new-checkout',
    entityId: 'ada',
    context: { email: 'ada@shop.example' },
  });
  await client.close();
  await sdk.OpenFeature.setProviderAndWait(
    new openfeature.FliptProvider({ url, namespace: 'shop' }),
  );
  const ranking = await sdk.OpenFeature.getClient().getStringValue('search-ranking', 'none', {
    targetingKey: 'ada',
    email: 'ada@shop.example',
  });
  await sdk.OpenFeature.close();
  const test = testing.createTestClient({ flags: { banner: true } });
  return {
    isOneCopy: [node, types].every(({ FliptClient }) => FliptClient === main.FliptClient),
    enabled,
    ranking,
    banner: test.getBooleanValue('banner', false),
  };
};
