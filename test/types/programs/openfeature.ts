// The provider under the SDK, as users of either module system write it. Compiled, never run.
import { type EvaluationDetails, OpenFeature, type Provider } from '@openfeature/server-sdk';
import { type ClientOptions, FliptClient } from 'flipt-native';
import { type FliptFlagMetadata, FliptProvider } from 'flipt-native/openfeature';

export async function tour(): Promise<void> {
  const options: ClientOptions = { url: 'http://localhost:8080', namespace: 'shop' };
  const own: Provider = new FliptProvider(options);
  const bare: FliptProvider = new FliptProvider();
  const shared = new FliptProvider(await FliptClient.init(options));
  await OpenFeature.setProviderAndWait(own);
  await OpenFeature.setProviderAndWait('checkout', shared);
  OpenFeature.setProvider('search', bare);

  const flags = OpenFeature.getClient();
  const isOn: boolean = await flags.getBooleanValue('new-checkout', false, {
    targetingKey: 'user-42',
    since: new Date(),
    roles: ['admin'],
  });
  const details: EvaluationDetails<number> = await flags.getNumberDetails('page-size', 10);
  const metadata: Partial<FliptFlagMetadata> = details.flagMetadata;
  const client: FliptClient | undefined = shared.client;
  await client?.updateAuthentication({ clientToken: 'secret' });
  shared.hooks.push({ before: () => ({ plan: 'premium' }) });
  return void [isOn, metadata.flagSetId, metadata.segments?.split(',')];
}
