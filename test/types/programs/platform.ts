// Where DOM or Node types are present, the platform's own fetch, signals and console fit as they are.
import { type ClientOptions, FliptClient, type IFetcher } from 'flipt-native';

const fetcher: IFetcher = ({ etag, signal } = {}) =>
  fetch('http://localhost:8080/internal/v1/evaluation/snapshot/namespace/default', {
    headers: etag === undefined ? {} : { 'if-none-match': etag },
    ...(signal !== undefined && { signal }),
  });

const controller = new AbortController();
export const options: ClientOptions = { fetcher, logger: console, signal: controller.signal };

export async function listen(client: FliptClient): Promise<void> {
  client.on('error', console.error, { signal: controller.signal });
  await client.refresh({ signal: AbortSignal.timeout(1000) });
  for await (const { at } of client.changes(controller)) console.log(at);
}

export const started: Promise<FliptClient> = FliptClient.init({
  signal: AbortSignal.timeout(1000),
});
