import { OpenFeature } from '@openfeature/server-sdk';
import type { FliptClient, FliptError } from 'flipt-native';
import { FliptClient as NodeClient } from 'flipt-native/node';
import { FliptProvider } from 'flipt-native/openfeature';
import { createTestClient } from 'flipt-native/testing';
import type { BooleanEvaluationResponse, ClientOptions } from 'flipt-native/types';

const options: ClientOptions = {
  url: 'http://localhost:8080',
  namespace: 'shop',
  updateInterval: 60,
};

// @ts-expect-error an option of another type
export const wrong: ClientOptions = { updateInterval: 'often' };

export async function isOn(entityId: string): Promise<boolean> {
  const client: FliptClient = await NodeClient.init(options);
  const request = { flagKey: 'new-checkout', entityId, context: { plan: 'premium' } };
  const { enabled }: BooleanEvaluationResponse = client.evaluateBoolean(request);
  await client.close();
  return enabled;
}

export const tier = (): Promise<string> =>
  OpenFeature.setProviderAndWait(new FliptProvider(options)).then(() =>
    OpenFeature.getClient().getStringValue('support-tier', 'none'),
  );

export const banner: boolean = createTestClient({ flags: { banner: true } }).getBooleanValue(
  'banner',
  false,
);

export const codeOf = (error: FliptError): string => error.code;
