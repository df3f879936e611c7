import type { FliptClient } from '../client.js';
import type { ClientOptions, PlainValue } from '../options.js';
import type { DetailsErrorCode, DetailsReason } from '../values/details.js';
import type { FlagContext } from '../values/flag-context.js';
import type { Widened } from '../values/types.js';
import type { FlagBuilder } from './flag-builder.js';

/** What a flag of a test client can be: a plain value for everyone, or a flag with rules. */
export type TestFlag = PlainValue | FlagBuilder;

/** Flags of a test client by key. */
export type TestFlags = Readonly<Record<string, TestFlag>>;

/** What may take the place of a flag: a value of its type, or a flag with rules. */
export type TestValue<Flags, Key> = Key extends keyof Flags
  ? Flags[Key] extends FlagBuilder
    ? TestFlag
    : Widened<Flags[Key]> | FlagBuilder
  : TestFlag;

/** How a test client is set up: as every client, but for what needs a server. */
export interface TestClientOptions<Flags = TestFlags>
  extends Pick<
    ClientOptions,
    'namespace' | 'logger' | 'hook' | 'hooks' | 'onReady' | 'onUpdate' | 'onError'
  > {
  /** The flags at the beginning, and after `reset`. Default none. */
  readonly flags?: Flags | undefined;
  /** How many recorded evaluations are kept, the newest of them, 0 to 1,000,000. Default 10,000. */
  readonly maxEvaluations?: number | undefined;
}

/** One evaluation that the code under test asked for. */
export interface RecordedEvaluation {
  /** The key that was asked for. */
  readonly flagKey: string;
  /** What was known of whom it was asked for: the context of the call and those around it, `entityId` as `targetingKey`. */
  readonly context: FlagContext;
  /** The default of the call, where it has one. */
  readonly defaultValue: unknown;
  /** What was answered. */
  readonly value: unknown;
  /** Key of the variant behind the value. */
  readonly variant: string | undefined;
  /** Why: as in details; for `evaluateBoolean`, `evaluateVariant` and `evaluateBatch` the server's word. */
  readonly reason: DetailsReason | (string & {});
  /** What went wrong: as in details, or the code of what was thrown. */
  readonly errorCode: DetailsErrorCode | (string & {}) | undefined;
}

/** What any test client has besides a client. */
export interface TestRecords {
  /** What was evaluated, oldest first. A fresh array each time. */
  readonly evaluations: readonly RecordedEvaluation[];
  /** Forgets what was evaluated. */
  clearEvaluations(): void;
  /** Puts the flags of the beginning in force again. */
  resetFlags(): void;
}

/** What a test client of these flags has besides a client. */
export interface Testing<Flags = TestFlags> extends TestRecords {
  /**
   * Runs a function for which this client has other flags, also after every `await`, and for nothing else: tests that
   * run at the same time do not notice. No listener is told. Scopes may be nested.
   *
   * @returns what the function returns
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every value that makes no flag; and what the function throws
   */
  overrideFlags<T>(
    flags: { readonly [Key in keyof Flags]?: TestValue<Flags, Key> } & TestFlags,
    body: () => T,
  ): T;
}

/** A client for tests; where its flags are given, their types are known to `setTestValue`. */
export type TestClient<Flags = TestFlags> = FliptClient & { readonly testing: Testing<Flags> };

/** The flags that a client is known to have. */
export type FlagsOf<Client> = Client extends { readonly testing: Testing<infer Flags> }
  ? Flags
  : TestFlags;
