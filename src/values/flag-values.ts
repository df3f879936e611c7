import type { Explanation } from '../explain.js';
import type { ContextScope } from './context-scope.js';
import type { EvaluationDetails, FlagValue } from './details.js';
import type { FlagContext } from './flag-context.js';
import type {
  BooleanFlagKey,
  FlagKey,
  NumberFlagKey,
  ObjectFlagKey,
  StringFlagKey,
} from './flag-key.js';
import { type FlagsState, flagsState } from './flags-state.js';
import type { Form } from './form.js';
import {
  anyValue,
  booleanValue,
  numberValue,
  objectValue,
  type Reading,
  stringValue,
} from './reading.js';
import type { Selection } from './selection.js';
import type { Widened } from './types.js';
import type { Valuation } from './valuation.js';

/** Evaluates as the methods of {@link FlagValues} do, into a form of the caller's; for this package alone. */
export let formed: <R>(
  values: FlagValues,
  flagKey: string,
  defaultValue: unknown,
  context: unknown,
  reading: Reading,
  form: Form<R>,
) => R;

/**
 * Reads the values of flags. It never throws: whatever is wrong with client, flag, context or arguments, the default
 * comes back, the details say why, and the `logger` gets one line for each flag and cause.
 *
 * A boolean flag has a boolean value. A variant flag has as text the key of the chosen variant; as number the JSON number
 * attached to it, else its key where that is a number; as object the structure attached to it, parsed once for each flag
 * state and frozen. Everything else is `TYPE_MISMATCH`. Where no variant is chosen the default is the value.
 */
export class FlagValues {
  readonly #valuation: Valuation;
  readonly #scope: ContextScope;

  static {
    formed = (values, flagKey, defaultValue, context, reading, form) =>
      values.#valuation.formed(flagKey, defaultValue, values.#scope, context, reading, form);
  }

  /**
   * Made by clients, and by {@link FlagValues.withContext}.
   *
   * @internal
   */
  constructor(valuation: Valuation, scope: ContextScope) {
    this.#valuation = valuation;
    this.#scope = scope;
  }

  /** The value of a boolean flag. */
  getBooleanValue(flagKey: BooleanFlagKey, defaultValue: boolean, context?: FlagContext): boolean {
    return this.#valuation.value(flagKey, defaultValue, this.#scope, context, booleanValue);
  }

  /** As {@link FlagValues.getBooleanValue}, with how the value came about. */
  getBooleanDetails(
    flagKey: BooleanFlagKey,
    defaultValue: boolean,
    context?: FlagContext,
  ): EvaluationDetails<boolean> {
    return this.#valuation.details(flagKey, defaultValue, this.#scope, context, booleanValue);
  }

  /** The key of the variant that a flag chooses. */
  getStringValue(flagKey: StringFlagKey, defaultValue: string, context?: FlagContext): string {
    return this.#valuation.value(flagKey, defaultValue, this.#scope, context, stringValue);
  }

  /** As {@link FlagValues.getStringValue}, with how the value came about. */
  getStringDetails(
    flagKey: StringFlagKey,
    defaultValue: string,
    context?: FlagContext,
  ): EvaluationDetails<string> {
    return this.#valuation.details(flagKey, defaultValue, this.#scope, context, stringValue);
  }

  /** The number that a flag's variant stands for: the one attached to it, else its key. */
  getNumberValue(flagKey: NumberFlagKey, defaultValue: number, context?: FlagContext): number {
    return this.#valuation.value(flagKey, defaultValue, this.#scope, context, numberValue);
  }

  /** As {@link FlagValues.getNumberValue}, with how the value came about. */
  getNumberDetails(
    flagKey: NumberFlagKey,
    defaultValue: number,
    context?: FlagContext,
  ): EvaluationDetails<number> {
    return this.#valuation.details(flagKey, defaultValue, this.#scope, context, numberValue);
  }

  /** The structure attached to a flag's variant, frozen. Its shape is not checked. */
  getObjectValue<T extends object>(
    flagKey: ObjectFlagKey,
    defaultValue: T,
    context?: FlagContext,
  ): T {
    return this.#valuation.value(flagKey, defaultValue, this.#scope, context, objectValue);
  }

  /** As {@link FlagValues.getObjectValue}, with how the value came about. */
  getObjectDetails<T extends object>(
    flagKey: ObjectFlagKey,
    defaultValue: T,
    context?: FlagContext,
  ): EvaluationDetails<T> {
    return this.#valuation.details(flagKey, defaultValue, this.#scope, context, objectValue);
  }

  /** The value of a flag, of the type that the default has; with `null` or `undefined`, of any type. */
  variation<T>(
    flagKey: FlagKey,
    context: FlagContext | null | undefined,
    defaultValue: T,
  ): Widened<T> {
    return this.#valuation.variation(flagKey, defaultValue, this.#scope, context).value;
  }

  /** As {@link FlagValues.variation}, with how the value came about. */
  variationDetail<T>(
    flagKey: FlagKey,
    context: FlagContext | null | undefined,
    defaultValue: T,
  ): EvaluationDetails<Widened<T>> {
    return this.#valuation.variation(flagKey, defaultValue, this.#scope, context);
  }

  /**
   * What a flag is worth, whatever its type: a boolean, or of a variant the structure or number attached to it, else its
   * key; `undefined` as value where no variant is chosen. Returns `undefined` when there is no such flag.
   */
  evaluateFlag(
    flagKey: FlagKey,
    context?: FlagContext,
  ): EvaluationDetails<FlagValue | undefined> | undefined {
    const details = this.#valuation.quietly(flagKey, this.#scope, context, anyValue);
    return details.errorCode === 'FLAG_NOT_FOUND' ? undefined : details;
  }

  /**
   * The details of every flag, or of a selection, by key; all from one flag state. A flag that cannot be evaluated has
   * details of reason `ERROR`. Empty where there is no flag state.
   */
  evaluateAll(
    context?: FlagContext,
    selection?: Selection,
  ): Record<string, EvaluationDetails<FlagValue | undefined>> {
    return this.#valuation.all(this.#scope, context, selection);
  }

  /**
   * The values of all flags, or of a selection, as a small object for JSON: for a page or another process, which reads it
   * with `readFlagsState`. Flags that cannot be evaluated are left out.
   */
  allFlagsState(context?: FlagContext, selection?: Selection): FlagsState {
    return flagsState(this.evaluateAll(context, selection));
  }

  /**
   * Tells why a flag answers as it does: which rule decided, which constraints matched, and where the entity falls in a
   * split. By the code that evaluates, though far slower. Where there is no answer, that of the explanation is an error.
   */
  explain(flagKey: FlagKey, context?: FlagContext): Explanation {
    return this.#valuation.explain(flagKey, this.#scope, context);
  }

  /** Whether the flag state has a flag of this key. */
  hasFlag(flagKey: string): boolean {
    return this.#valuation.has(flagKey);
  }

  /** The keys of all flags, in the order in which the server lists them; empty where there is no flag state. */
  getAllFlagKeys(): string[] {
    return this.#valuation.keys();
  }

  /**
   * A handle whose evaluations know more: the given context holds where a call, or the scope in which it runs, does not
   * say otherwise. It costs next to nothing, never changes, and lives with its client.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for what is not an object
   */
  withContext(context: FlagContext): FlagValues {
    return new FlagValues(this.#valuation, this.#scope.child(context));
  }

  /**
   * Runs a function so that evaluations of this client and of its handles know more in there, also after every `await`.
   * Scopes may be nested.
   *
   * @returns what the function returns
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a context that is not an object; and what the function throws
   */
  runWithContext<T>(context: FlagContext, body: () => T): T {
    return this.#scope.run(context, body);
  }
}
