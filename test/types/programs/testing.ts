// What users write in their tests. Compiled, never run.
import { FliptClient, type PlainValue, type PlainValues } from 'flipt-native';
import {
  type Comparable,
  type Conditions,
  createTestClient,
  type FlagBuilder,
  type FlagDefinition,
  flag,
  overrideFlags,
  type RecordedEvaluation,
  type SegmentDefinition,
  type Test,
  type TestClient,
  type TestClientOptions,
  type TestFlag,
  type TestFlags,
  type Testing,
  type TestRecords,
  type TestValue,
} from 'flipt-native/testing';

const client = createTestClient({
  flags: {
    'dark-mode': true,
    plan: 'enterprise',
    limit: 500,
    theme: { primary: '#f00' },
    rules: flag('rules')
      .variation('a')
      .when({ plan: 'pro', age: { gt: 30 } })
      .rollout(25),
  },
  namespace: 'shop',
  onUpdate: (change) => void change.flagKeys,
  maxEvaluations: 10,
});

// It goes wherever a client goes.
export const real: FliptClient = client;
export const records: TestRecords = real.testing;
export const plain: TestClient = FliptClient.forTesting();
export const any: TestClient = createTestClient();

export const values: [boolean, string, number, { primary: string }] = [
  client.getBooleanValue('dark-mode', false),
  client.getStringValue('plan', 'free'),
  client.getNumberValue('limit', 10),
  client.getObjectValue('theme', { primary: '' }),
];

client.setTestValue('dark-mode', false);
client.setTestValue('plan', 'free');
client.setTestValue('limit', 3);
client.setTestValue('theme', { primary: '#0f0' });
client.setTestValue('limit', flag('limit').variation('many', 9));
client.setTestValue('rules', 'text');
client.setTestValue('another', 7);
// @ts-expect-error it is a number
client.setTestValue('limit', 'many');
// @ts-expect-error it is a boolean
client.setTestValue('dark-mode', 'on');
// @ts-expect-error it has another shape
client.setTestValue('theme', { secondary: 1 });
client.removeTestValue('plan');
client.reset();
plain.setTestValue('x', { y: [1] });
// @ts-expect-error null makes no flag
plain.setTestValue('x', null);

export const recorded: readonly RecordedEvaluation[] = client.testing.evaluations;
export const sum: number = client.testing.overrideFlags({ limit: 4 }, () => 1 + 1);
export const later: Promise<string> = overrideFlags({ plan: 'pro' }, async () => 'x');
// @ts-expect-error it is a number
client.testing.overrideFlags({ limit: 'many' }, () => 1);
client.testing.clearEvaluations();
client.testing.resetFlags();

export const definition: FlagDefinition = flag('x')
  .split({ a: 50, b: 50 })
  .attach('a', { y: 1 })
  .segment('adults', { age: { gte: 18 }, country: ['de', 'at'] })
  .off()
  .disabled()
  .definition();
export const builder: FlagBuilder = flag('x')
  .on()
  .when({ a: new Date(0) }, { b: true });
const served = flag('x').on();
// @ts-expect-error no such test
served.when({ a: { like: 'x' } });

export type Types = [
  Comparable,
  Conditions,
  PlainValue,
  PlainValues,
  SegmentDefinition,
  Test,
  TestClientOptions,
  TestFlag,
  TestFlags,
  Testing,
  TestValue<{ x: number }, 'x'>,
];
