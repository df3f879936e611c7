import { FliptClient } from 'flipt-native';
import { createTestClient } from 'flipt-native/testing';

// Bundles differ in whether they have an await at the top.
async function main() {
  const { FLIPT_URL: url, FLIPT_NAMESPACE: namespace } = process.env;
  const client = await FliptClient.init({ url, namespace });
  const ada = { entityId: 'ada', context: { email: 'ada@shop.example' } };
  const { enabled } = client.evaluateBoolean({ flagKey: 'new-checkout', ...ada });
  await client.close();
  const double = createTestClient({ flags: { banner: true } });
  console.log(enabled, double.getBooleanValue('banner', false));
  await double.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
