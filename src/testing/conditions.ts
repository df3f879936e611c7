import { describe } from '../encode.js';
import { invalidArgument } from '../errors.js';

/** A value of the context that a condition compares with. */
export type Comparable = string | number | boolean | Date;

/** What a value of the context has to be like; several of these in one object must hold all. */
export interface Test {
  /** Equal to it. */
  readonly eq?: Comparable;
  /** Different from it. */
  readonly neq?: Comparable;
  /** Greater, or later. */
  readonly gt?: number | Date;
  /** Greater or equal, or not earlier. */
  readonly gte?: number | Date;
  /** Less, or earlier. */
  readonly lt?: number | Date;
  /** Less or equal, or not later. */
  readonly lte?: number | Date;
  /** One of these, all texts or all numbers. */
  readonly in?: readonly string[] | readonly number[];
  /** None of these, all texts or all numbers. */
  readonly notIn?: readonly string[] | readonly number[];
  /** A text that begins so. */
  readonly prefix?: string;
  /** A text that ends so. */
  readonly suffix?: string;
  /** A text with this in it. */
  readonly contains?: string;
  /** A text without this in it. */
  readonly notContains?: string;
  /** `true`: there is a value; `false`: there is none. An empty text is none. */
  readonly present?: boolean;
}

/**
 * What the context has to be like, by the names of its attributes; all of them must hold. A value alone means equal, a
 * list one of its members. `targetingKey` and `entityId` are the entity's id.
 */
export interface Conditions {
  readonly [attribute: string]:
    | Comparable
    | readonly string[]
    | readonly number[]
    | Test
    | undefined;
}

/** A condition as Flipt has it. */
export interface Constraint {
  readonly type: string;
  readonly property: string;
  readonly operator: string;
  readonly value: string;
}

const ENTITY = new Set(['targetingKey', 'entityId']);
const ALLOWED =
  'a text, a number, a boolean, a date, a list of texts or numbers, or an object of tests';

/** The constraints that conditions stand for. Throws an error that names what cannot be used. */
export function constraintsOf(conditions: unknown): Constraint[] {
  if (typeof conditions !== 'object' || conditions === null || Array.isArray(conditions)) {
    throw refused('conditions', describe(conditions), 'an object of conditions by attribute');
  }
  return Object.entries(conditions).flatMap(([property, condition]) =>
    condition === undefined ? [] : [...constraintsOn(property, condition)],
  );
}

function* constraintsOn(property: string, condition: unknown): Generator<Constraint> {
  if (isComparable(condition)) {
    yield test(property, 'eq', condition);
  } else if (Array.isArray(condition)) {
    yield test(property, 'in', condition);
  } else if (Object.prototype.toString.call(condition) === '[object Object]') {
    const tests = Object.entries(condition as object).filter(([, value]) => value !== undefined);
    if (tests.length === 0) {
      throw refused(`conditions.${property}`, 'an object without tests', ALLOWED);
    }
    for (const [name, value] of tests) {
      yield test(property, name, value);
    }
  } else {
    throw refused(`conditions.${property}`, describe(condition), ALLOWED);
  }
}

function isComparable(value: unknown): value is Comparable {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    (value instanceof Date && !Number.isNaN(value.getTime()))
  );
}

function test(property: string, name: string, value: unknown): Constraint {
  const constraint = constraintOf(name, value);
  if (constraint === undefined) {
    const field = `conditions.${property}.${name}`;
    throw refused(field, describe(value), ALLOWED_BY_TEST[name] ?? NAMES);
  }
  const [type, operator, text] = constraint;
  if (!ENTITY.has(property)) {
    return { type: typeName(type), property, operator, value: text };
  }
  if (type !== 'STRING') {
    throw refused(`conditions.${property}.${name}`, describe(value), 'a test of a text');
  }
  return { type: typeName('ENTITY_ID'), property: '', operator, value: text };
}

const ALLOWED_BY_TEST: Readonly<Record<string, string>> = {
  eq: 'a text, a number, a boolean or a date',
  neq: 'a text, a number, a boolean or a date',
  gt: 'a number or a date',
  gte: 'a number or a date',
  lt: 'a number or a date',
  lte: 'a number or a date',
  in: 'a list of texts or a list of numbers',
  notIn: 'a list of texts or a list of numbers',
  prefix: 'a text',
  suffix: 'a text',
  contains: 'a text',
  notContains: 'a text',
  present: 'true or false',
};
const NAMES = `one of the tests ${Object.keys(ALLOWED_BY_TEST).join(', ')}`;

type Operation = [type: string, operator: string, value: string];

function constraintOf(name: string, value: unknown): Operation | undefined {
  switch (name) {
    case 'eq':
    case 'neq':
      return isComparable(value) ? equality(name, value) : undefined;
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return isComparable(value) && typeof value !== 'string' && typeof value !== 'boolean'
        ? equality(name, value)
        : undefined;
    case 'in':
      return membership('isoneof', value);
    case 'notIn':
      return membership('isnotoneof', value);
    case 'prefix':
    case 'suffix':
    case 'contains':
      return typeof value === 'string' ? ['STRING', name, value] : undefined;
    case 'notContains':
      return typeof value === 'string' ? ['STRING', 'notcontains', value] : undefined;
    case 'present':
      return typeof value === 'boolean' ? ['STRING', value ? 'notempty' : 'empty', ''] : undefined;
    default:
      return undefined;
  }
}

function equality(operator: string, value: Comparable): Operation {
  switch (typeof value) {
    case 'string':
      return ['STRING', operator, value];
    case 'number':
      return ['NUMBER', operator, String(value)];
    case 'boolean':
      return ['BOOLEAN', String(value === (operator === 'eq')), ''];
    default:
      return ['DATETIME', operator, value.toISOString()];
  }
}

function membership(operator: string, value: unknown): Operation | undefined {
  if (!Array.isArray(value)) {
    return undefined;
  }
  if (value.every((item) => typeof item === 'string')) {
    return ['STRING', operator, JSON.stringify(value)];
  }
  return value.every(Number.isFinite) ? ['NUMBER', operator, JSON.stringify(value)] : undefined;
}

const typeName = (type: string) => `${type}_CONSTRAINT_COMPARISON_TYPE`;

function refused(field: string, received: string, allowed: string): Error {
  return invalidArgument('FLIPT_ARGUMENT_INVALID', { field, received, allowed });
}
