// A user of the published package, typed: each documented call, written as its README has it. The same text is
// compiled and run against the published package and against this one.

import type {
  AuthenticationStrategy,
  BaseFliptClient,
  BatchEvaluationResponse,
  BatchResult,
  BooleanEvaluationResponse,
  BooleanResult,
  ClientOptions,
  ClientTokenAuthentication,
  ErrorEvaluationResponse,
  EvaluationRequest,
  EvaluationResponse,
  Flag,
  Hook,
  IFetcher,
  IFetcherOptions,
  JWTAuthentication,
  ListFlagsResult,
  Response,
  Result,
  VariantEvaluationResponse,
  VariantResult,
} from '@flipt-io/flipt-client-js';
import { ClientOptionsFactory, ErrorStrategy, FliptClient } from '@flipt-io/flipt-client-js';
import { FliptClient as FromNode } from '@flipt-io/flipt-client-js/node';
import type { EvaluationRequest as FromTypes } from '@flipt-io/flipt-client-js/types';

declare const process: { env: Record<string, string>; stdout: { write(text: string): void } };

const url = process.env['SERVER_URL'] as string;
const secret: ClientTokenAuthentication = { clientToken: 'secret' };
const authentication: AuthenticationStrategy = secret;
const observed: Record<string, unknown> = {};

/** Times differ from run to run; everything else is compared as it is. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item) =>
      key === 'requestDurationMillis' || key === 'timestamp' ? typeof item : item,
    ),
  );
}

async function observe(name: string, attempt: () => unknown): Promise<void> {
  try {
    observed[name] = comparable((await attempt()) ?? null);
  } catch (error) {
    observed[name] = { message: error instanceof Error ? error.message : String(error) };
  }
}

/** The declarations of the published package lack `close`. */
async function close(client: object): Promise<void> {
  await (client as { close(): void | Promise<void> }).close();
}

const documented = (flags: Flag[]) =>
  flags
    .map(({ key, enabled, type, description }) => ({ key, enabled, type, description }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

class LoggingHook implements Hook {
  readonly lines: string[] = [];

  before(data: { flagKey: string }) {
    this.lines.push(`before ${data.flagKey}`);
  }

  after(data: {
    flagKey: string;
    flagType: string;
    value: string;
    reason: string;
    segmentKeys: string[];
  }) {
    this.lines.push(
      `after ${data.flagKey} ${data.flagType} ${data.value} ${data.reason} ${data.segmentKeys.join()}`,
    );
  }
}

async function evaluations(client: BaseFliptClient): Promise<void> {
  const context = { plan: 'premium', email: 'ann@shop.example' };
  const premium: EvaluationRequest = { flagKey: 'checkout', entityId: 'ann', context };
  const nobody: FromTypes = { flagKey: 'checkout', entityId: 'bob', context: {} };
  await observe('boolean', (): BooleanEvaluationResponse => client.evaluateBoolean(premium));
  await observe('boolean without a match', () => client.evaluateBoolean(nobody));
  for (const flagKey of ['colour', 'size', 'old']) {
    await observe(
      `variant ${flagKey}`,
      (): VariantEvaluationResponse =>
        client.evaluateVariant({ flagKey, entityId: 'ann', context: { plan: 'premium' } }),
    );
    await observe(`variant ${flagKey} without a match`, () =>
      client.evaluateVariant({ flagKey, entityId: 'ann', context: {} }),
    );
  }
  await observe('variant without an attachment', () =>
    client.evaluateVariant({
      flagKey: 'colour',
      entityId: 'ann',
      context: { email: 'x@shop.example' },
    }),
  );
  await observe(
    'batch',
    (): BatchEvaluationResponse =>
      client.evaluateBatch([
        premium,
        { ...nobody, flagKey: 'nope' },
        { ...premium, flagKey: 'colour' },
      ]),
  );
  await observe('items of a batch', () => {
    const { responses } = client.evaluateBatch([premium, { ...nobody, flagKey: 'nope' }]);
    const [first, second] = responses as [EvaluationResponse, EvaluationResponse];
    const answer = first.booleanEvaluationResponse?.enabled;
    const error: ErrorEvaluationResponse | undefined = second.errorEvaluationResponse;
    return [answer, error?.namespaceKey, second.type];
  });
  await observe('empty batch', () => client.evaluateBatch([]));
  await observe('list of flags', () => documented(client.listFlags()));
  for (const flagKey of ['', '  ', 'nope', 'colour']) {
    await observe(`boolean "${flagKey}"`, () => client.evaluateBoolean({ ...premium, flagKey }));
  }
  for (const flagKey of ['', 'nope', 'banner']) {
    await observe(`variant "${flagKey}"`, () => client.evaluateVariant({ ...premium, flagKey }));
  }
  for (const entityId of ['', '\t']) {
    await observe(`entity "${entityId}"`, () => client.evaluateBoolean({ ...premium, entityId }));
    await observe(`entity "${entityId}" of a variant`, () =>
      client.evaluateVariant({ ...premium, flagKey: 'colour', entityId }),
    );
  }
}

async function main(): Promise<void> {
  await observe('default options', () => ClientOptionsFactory.default());
  await observe('error strategies', () => [ErrorStrategy.Fail, ErrorStrategy.Fallback]);
  await observe('one class', () => FromNode.name === FliptClient.name);

  const hook = new LoggingHook();
  const options: ClientOptions = {
    url,
    namespace: 'default',
    environment: 'default',
    reference: '',
    authentication,
    updateInterval: 3_600,
    errorStrategy: ErrorStrategy.Fail,
    hook,
  };
  const client: FliptClient = await FliptClient.init(options);
  await evaluations(client);
  observed['hook'] = hook.lines;
  await observe('refresh without a change', () => client.refresh());
  await observe('refresh with a change', () => client.refresh());
  await observe('the new state', () =>
    client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann', context: {} }),
  );
  const snapshot: string = client.getSnapshot();
  await close(client);

  const jwtToken: JWTAuthentication = { jwtToken: 'a.b.c' };
  const calls: (IFetcherOptions['etag'] | null)[] = [];
  const fetcher: IFetcher = async (opts?: IFetcherOptions): Promise<Response> => {
    calls.push(opts?.etag ?? null);
    const headers: Record<string, string> = { Authorization: 'Bearer secret' };
    if (opts?.etag) {
      headers['If-None-Match'] = opts.etag;
    }
    return fetch(`${url}/internal/v1/evaluation/snapshot/namespace/default`, { headers });
  };
  const fetching = await FliptClient.init({
    authentication: jwtToken,
    fetcher,
    updateInterval: 3_600,
  });
  await observe('refresh with a fetcher', () => fetching.refresh());
  await observe('evaluation with a fetcher', () =>
    fetching.evaluateBoolean({ flagKey: 'banner', entityId: 'ann', context: {} }),
  );
  observed['calls of the fetcher'] = calls;
  await close(fetching);

  const seeded = await FliptClient.init({
    snapshot,
    errorStrategy: ErrorStrategy.Fallback,
    fetcher: () => Promise.reject(new Error('offline')),
    updateInterval: 3_600,
  });
  await observe('evaluation from a snapshot', () =>
    seeded.evaluateBoolean({ flagKey: 'banner', entityId: 'ann', context: {} }),
  );
  await observe('refresh while offline', () => seeded.refresh());
  await close(seeded);

  await observe('init while the server refuses', () =>
    FliptClient.init({ url, updateInterval: 3_600 }).then(
      () => 'resolves',
      () => 'rejects',
    ),
  );
}

export type Documented = [
  Result<string>,
  VariantResult,
  BooleanResult,
  BatchResult,
  ListFlagsResult,
];

await main();
process.stdout.write(JSON.stringify(observed));
