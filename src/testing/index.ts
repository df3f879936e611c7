export type { Comparable, Conditions, Test } from './conditions.js';
export { createTestClient } from './create-test-client.js';
export { FlagBuilder, flag } from './flag-builder.js';
export type { FlagDefinition, SegmentDefinition } from './flag-definition.js';
export { overrideFlags } from './override-flags.js';
export type {
  RecordedEvaluation,
  TestClient,
  TestClientOptions,
  TestFlag,
  TestFlags,
  Testing,
  TestRecords,
  TestValue,
} from './types.js';
