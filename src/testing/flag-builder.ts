import { isPresent } from '../arguments.js';
import { describe, encode } from '../encode.js';
import { createError, type FliptError, invalidArgument } from '../errors.js';
import type { PlainValue } from '../options.js';
import { type Conditions, type Constraint, constraintsOf } from './conditions.js';
import type { FlagDefinition, SegmentDefinition } from './flag-definition.js';

/** Who is served: everyone, or those in one of the segments. */
interface Audience {
  readonly name: string | undefined;
  readonly constraints: readonly Constraint[];
}

/** What is served, to whom, and to how many of them. */
interface Serving {
  /** A boolean, or shares of variations by their keys. */
  readonly what: boolean | ReadonlyMap<string, number>;
  readonly audiences: readonly Audience[];
  readonly percentage: number | undefined;
}

interface State {
  readonly key: string;
  readonly enabled: boolean;
  readonly servings: readonly Serving[];
  readonly attachments: ReadonlyMap<string, string>;
}

/** Flipt cuts in tenths of a percent: less than that, in percent, is no share. */
const FINEST = 0.1 - 1e-9;

/** Describes a flag with rules; begin with {@link flag}. Every step gives a new builder and leaves the old one as it was. */
export class FlagBuilder {
  readonly #state: State;

  /** Made by {@link flag}. */
  constructor(state: State) {
    this.#state = state;
  }

  /** Key of the flag. */
  get key(): string {
    return this.#state.key;
  }

  /** Begins what a boolean flag does: it is on, for those whom the next steps describe, else for everyone. */
  on(): FlagBuilder {
    return this.#serve(true);
  }

  /** Begins what a boolean flag does: it is off, for those whom the next steps describe, else for everyone. */
  off(): FlagBuilder {
    return this.#serve(false);
  }

  /**
   * Begins what a variant flag does: it serves this variation to those whom the next steps describe, else to everyone.
   *
   * @param value what is attached to the variation, wherever the flag serves it
   */
  variation(key: string, value?: PlainValue): FlagBuilder {
    const builder = this.#serve(new Map([[variationKey(key), 100]]));
    return value === undefined ? builder : builder.attach(key, value);
  }

  /**
   * Begins what a variant flag does: it divides those whom the next steps describe, else everyone, among variations. The
   * shares are percentages; what they leave of 100 gets what everyone else gets.
   */
  split(shares: Readonly<Record<string, number>>): FlagBuilder {
    const entries = Object.entries(shares).map(([key, share]): [string, number] => [
      variationKey(key),
      percentage(`shares.${key}`, share),
    ]);
    // In hundredths of a percent, as far as Flipt's own arithmetic goes.
    const total = entries.reduce((sum, [, share]) => sum + Math.round(share * 100), 0);
    if (entries.length === 0 || total > 10_000) {
      const received = entries.length === 0 ? 'no shares' : `shares of ${total / 100} % together`;
      throw refused('shares', received, 'shares of 100 % together at most');
    }
    return this.#serve(new Map(entries));
  }

  /** What is attached to a variation, wherever the flag serves it. */
  attach(key: string, value: PlainValue): FlagBuilder {
    const text = JSON.stringify(encode(value));
    if (text === undefined || text === 'null' || text.includes('{"$js":')) {
      throw refused('value', describe(value), 'a value of JSON');
    }
    const { attachments } = this.#state;
    return this.#with({ attachments: new Map([...attachments, [variationKey(key), text]]) });
  }

  /**
   * Narrows whom the last step serves: those for whom one of these holds. Called again it narrows further.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for conditions that Flipt does not have
   */
  when(...alternatives: readonly [Conditions, ...Conditions[]]): FlagBuilder {
    return this.#narrow(
      alternatives.map((one) => ({ name: undefined, constraints: constraintsOf(one) })),
    );
  }

  /**
   * As {@link FlagBuilder.when}, with the key of the segment, which details then list; numbered where alternatives make
   * several of it.
   */
  segment(name: string, conditions: Conditions): FlagBuilder {
    if (!isPresent(name)) {
      throw refused('segment', describe(name), 'text that is not blank');
    }
    return this.#narrow([{ name, constraints: constraintsOf(conditions) }]);
  }

  /**
   * Serves so many percent of those whom the last step serves; the others get what everyone else gets. Boolean flags of
   * Flipt have percentages of everyone only.
   */
  rollout(percent: number): FlagBuilder {
    const share = percentage('percentage', percent);
    return this.#refine((serving) => ({ ...serving, percentage: share }));
  }

  /** Turns the flag off, whatever its rules say: a variant flag then serves what it serves to everyone. */
  disabled(): FlagBuilder {
    return this.#with({ enabled: false });
  }

  /**
   * The flag as a snapshot of Flipt has it.
   *
   * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a flag that Flipt cannot express
   */
  definition(): FlagDefinition {
    const { key, servings } = this.#state;
    const isBoolean = servings.every(({ what }) => typeof what === 'boolean');
    if (!isBoolean && servings.some(({ what }) => typeof what === 'boolean')) {
      throw unusable(key, 'it is on or off and has variations');
    }
    for (const serving of servings.slice(0, -1)) {
      if (isForAll(serving)) {
        throw unusable(key, 'what comes after a step that serves everyone is never reached');
      }
    }
    return isBoolean ? this.#boolean() : this.#variant();
  }

  #boolean(): FlagDefinition {
    const { key, enabled, servings } = this.#state;
    const last = servings.at(-1);
    const fallback = last === undefined || !isForAll(last) ? undefined : (last.what as boolean);
    const rules = fallback === undefined ? servings : servings.slice(0, -1);
    // Without a last word the flag is the opposite of what it is for some.
    const usual = fallback ?? (rules.length > 0 && rules.every(({ what }) => what === false));
    if (!enabled) {
      return { key, type: 'BOOLEAN_FLAG_TYPE', enabled: false, rollouts: [] };
    }
    const rollouts = rules.map((serving, index) => {
      const { what, audiences, percentage: share } = serving;
      const value = what as boolean;
      const rank = index + 1;
      if (audiences.length === 0) {
        const threshold = { percentage: share ?? 100, value };
        return { type: 'THRESHOLD_ROLLOUT_TYPE' as const, rank, threshold };
      }
      if (share !== undefined && share < 100) {
        throw unusable(key, 'a boolean flag has no percentage of a segment');
      }
      const segments = segmentsOf(key, rank, audiences);
      const segment = { value, segmentOperator: 'OR_SEGMENT_OPERATOR' as const, segments };
      return { type: 'SEGMENT_ROLLOUT_TYPE' as const, rank, segment };
    });
    return { key, type: 'BOOLEAN_FLAG_TYPE', enabled: usual, rollouts };
  }

  #variant(): FlagDefinition {
    const { key, enabled, servings } = this.#state;
    const last = servings.at(-1);
    const only = last !== undefined && isForAll(last) ? soleVariation(last) : undefined;
    const rules = only === undefined ? servings : servings.slice(0, -1);
    const definition = {
      key,
      type: 'VARIANT_FLAG_TYPE' as const,
      enabled,
      rules: rules.map((serving, index) => this.#rule(serving, index + 1, only)),
    };
    if (only === undefined) {
      return definition;
    }
    const attachment = this.#state.attachments.get(only);
    const chosen = { id: only, key: only };
    return {
      ...definition,
      defaultVariant: attachment === undefined ? chosen : { ...chosen, attachment },
    };
  }

  #rule({ what, audiences, percentage: percent = 100 }: Serving, rank: number, rest = '') {
    const { key } = this.#state;
    const id = `${key}-${rank}`;
    const shares = [...(what as ReadonlyMap<string, number>)].map(
      ([variation, part]): [string, number] => [variation, (part * percent) / 100],
    );
    const left = 100 - shares.reduce((sum, [, part]) => sum + part, 0);
    // Flipt stretches shares to 100 %, so that what is left is a share, too.
    const all = left > FINEST ? [...shares, [rest, left] as [string, number]] : shares;
    const distributions = all.map(([variantKey, rollout]) => {
      const attachment = this.#state.attachments.get(variantKey);
      const share = { ruleId: id, variantKey, rollout };
      return attachment === undefined ? share : { ...share, variantAttachment: attachment };
    });
    const segments = segmentsOf(key, rank, audiences);
    return { id, rank, segmentOperator: 'OR_SEGMENT_OPERATOR' as const, segments, distributions };
  }

  #serve(what: Serving['what']): FlagBuilder {
    const serving = { what, audiences: [], percentage: undefined };
    return this.#with({ servings: [...this.#state.servings, serving] });
  }

  #narrow(alternatives: readonly Audience[]): FlagBuilder {
    return this.#refine((serving) => ({
      ...serving,
      audiences:
        serving.audiences.length === 0
          ? alternatives
          : serving.audiences.flatMap((one) => alternatives.map((other) => both(one, other))),
    }));
  }

  #refine(change: (serving: Serving) => Serving): FlagBuilder {
    const last = this.#state.servings.at(-1);
    if (last === undefined) {
      throw unusable(this.key, 'begin with on, off, variation or split');
    }
    return this.#with({ servings: [...this.#state.servings.slice(0, -1), change(last)] });
  }

  #with(change: Partial<State>): FlagBuilder {
    return new FlagBuilder({ ...this.#state, ...change });
  }
}

/**
 * Begins the description of a flag for a test client. Rules count in the order in which they stand; a last step that is
 * for everyone says what the others get.
 *
 * @example
 * ```ts
 * flag('checkout').variation('new').when({ plan: 'pro', age: { gte: 18 } }).rollout(25).variation('old');
 * flag('banner').on().when({ country: ['de', 'at'] });
 * ```
 * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for a blank key
 */
export function flag(key: string): FlagBuilder {
  if (!isPresent(key)) {
    const received = typeof key === 'string' ? 'blank text' : describe(key);
    throw refused('flagKey', received, 'text that is not blank');
  }
  return new FlagBuilder({ key, enabled: true, servings: [], attachments: new Map() });
}

const isForAll = ({ audiences, percentage: share }: Serving) =>
  audiences.length === 0 && (share === undefined || share === 100);

/** The variation that everyone gets, where there is one. */
function soleVariation({ what }: Serving): string | undefined {
  const [entry, ...others] = what as ReadonlyMap<string, number>;
  return others.length === 0 && entry?.[1] === 100 ? entry[0] : undefined;
}

function both(one: Audience, other: Audience): Audience {
  const constraints = [...one.constraints, ...other.constraints];
  return { name: one.name ?? other.name, constraints };
}

/** Without conditions: a segment of everyone. */
function segmentsOf(
  key: string,
  rank: number,
  audiences: readonly Audience[],
): SegmentDefinition[] {
  const all = audiences.length === 0 ? [{ name: undefined, constraints: [] }] : audiences;
  return all.map(({ name, constraints }, index) => {
    const place = all.length === 1 ? '' : `-${index + 1}`;
    const segmentKey = `${name ?? `${key}-${rank}`}${place}`;
    return { key: segmentKey, matchType: 'ALL_SEGMENT_MATCH_TYPE', constraints };
  });
}

function variationKey(key: unknown): string {
  if (!isPresent(key)) {
    const received = typeof key === 'string' ? 'blank text' : describe(key);
    throw refused('variation', received, 'text that is not blank');
  }
  return key;
}

function percentage(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 100) {
    return value;
  }
  const received = typeof value === 'number' ? String(value) : describe(value);
  throw refused(field, received, '0 to 100 (percent)');
}

function refused(field: string, received: string, allowed: string): FliptError {
  return invalidArgument('FLIPT_ARGUMENT_INVALID', { field, received, allowed });
}

function unusable(key: string, why: string): FliptError {
  return createError(`flag ${key} cannot be made: ${why}`, { code: 'FLIPT_ARGUMENT_INVALID' });
}
