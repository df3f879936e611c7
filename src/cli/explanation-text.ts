import type {
  ExplainedConstraint,
  ExplainedRule,
  ExplainedSegment,
  ExplainedShare,
  ExplainedSplit,
  Explanation,
} from '../explain.js';
import { typeName } from './list.js';
import { type Output, printable, type Style } from './output.js';
import { cut, length, wrapped } from './table.js';

const MARKS = { yes: '✓', no: '✗', none: '·' } as const;
/** Longer values, such as lists of hundreds, are cut. */
const LONGEST_VALUE = 120;
const BUCKETS = { thousandths: 1000, hundredths: 100 } as const;

/** What each operator says of text, and what of numbers and times, where that differs. */
const OPERATORS: Readonly<Record<string, readonly [string, string?]>> = {
  eq: ['is', '='],
  neq: ['is not', '≠'],
  lt: ['<'],
  lte: ['≤'],
  gt: ['>'],
  gte: ['≥'],
  contains: ['contains'],
  notcontains: ['does not contain'],
  prefix: ['starts with'],
  suffix: ['ends with'],
  isoneof: ['is one of'],
  isnotoneof: ['is none of'],
  empty: ['is empty'],
  notempty: ['is not empty'],
  present: ['is present'],
  notpresent: ['is absent'],
  true: ['is true'],
  false: ['is false'],
};
const ALONE = new Set(['empty', 'notempty', 'present', 'notpresent', 'true', 'false']);

/** An explanation as lines for people. */
export function explanationText(explanation: Explanation, output: Output): string[] {
  const { flagKey, type = '', enabled, entityId, rules, arithmetic } = explanation;
  const lines = new Lines(output);
  const state = enabled === true ? 'enabled' : 'disabled';
  const entity = entityId === '' ? 'nobody in particular' : quoted(entityId);
  lines.add(0, `${flagKey} is ${aFlag(state, typeName(type))}, asked for ${entity}.`);
  if (entityId === '' && rules.some(dependsOnEntity)) {
    lines.add(0, 'Without --entity buckets and ids are those of an empty entity id.');
  }
  for (const rule of rules) {
    lines.gap();
    ruleText(lines, rule, explanation);
  }
  lines.gap();
  lines.add(0, conclusion(explanation));
  if (arithmetic === 'v1' && rules.some(({ split }) => split !== undefined)) {
    lines.add(0, 'Shares are cut as Flipt v1 does, without normalising them to their total.');
  }
  return lines.all;
}

function dependsOnEntity({ threshold, split, segments }: ExplainedRule): boolean {
  const looksAtId = ({ constraints }: ExplainedSegment): boolean => constraints.some(isOfEntity);
  return threshold !== undefined || split !== undefined || segments.some(looksAtId);
}

function isOfEntity({ type }: ExplainedConstraint): boolean {
  return type.startsWith('ENTITY_ID_');
}

function aFlag(state: string, type: string): string {
  return `${/^[aeiou]/.test(state) ? 'an' : 'a'} ${state} ${type} flag`;
}

function ruleText(lines: Lines, rule: ExplainedRule, { decidedBy }: Explanation): void {
  const { ruleId, outcome, threshold, split, segments } = rule;
  const notes = notesOf(rule);
  if (outcome === 'not reached') {
    lines.mark(0, undefined, `${ruleId}: not reached`, 'dim');
    return;
  }
  const isDeciding = ruleId === decidedBy;
  lines.mark(
    0,
    isDeciding,
    `${ruleId}: ${isDeciding ? 'matches and decides' : 'no match'}${noted(notes)}`,
    'bold',
  );
  for (const segment of segments) {
    segmentText(lines, segment);
  }
  if (threshold !== undefined) {
    const { bucket, percentage, matched } = threshold;
    const side = matched ? 'below' : 'not below';
    lines.mark(1, matched, `bucket ${bucket} of ${BUCKETS.hundredths} is ${side} ${percentage}`);
  }
  if (isDeciding && split !== undefined) {
    splitText(lines, split);
  }
}

function notesOf({ operator, segments, threshold, value }: ExplainedRule): string[] {
  const notes: string[] = [];
  if (threshold !== undefined) {
    notes.push(`${threshold.percentage} % of entities`);
  } else if (segments.length === 0) {
    notes.push('no segments');
  } else if (segments.length > 1) {
    notes.push(operator === 'AND' ? 'all segments needed' : 'one segment is enough');
  }
  if (value !== undefined) {
    notes.push(`gives ${value}`);
  }
  return notes;
}

function noted(notes: readonly string[]): string {
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

function segmentText(
  lines: Lines,
  { key, matchType, matched, constraints }: ExplainedSegment,
): void {
  const notes: string[] = [];
  if (constraints.length === 0) {
    notes.push('no constraints');
  } else if (constraints.length > 1) {
    notes.push(matchType === 'ALL' ? 'all constraints needed' : 'one constraint is enough');
  }
  lines.mark(1, matched, `segment ${key}${noted(notes)}`);
  for (const constraint of constraints) {
    lines.mark(2, constraint.matched, constraintText(constraint));
  }
}

function constraintText(constraint: ExplainedConstraint): string {
  const { property, type, operator, value, actual } = constraint;
  const isEntity = isOfEntity(constraint);
  const isText = isEntity || type.startsWith('STRING_');
  const [words = operator, sign = words] = OPERATORS[operator] ?? [];
  const wanted = isText && !operator.endsWith('oneof') ? quoted(value) : cut(value, LONGEST_VALUE);
  const statement = [isEntity ? 'the entity' : property, isText ? words : sign];
  if (!ALONE.has(operator)) {
    statement.push(wanted);
  }
  const given = actual === undefined ? 'not given' : `given ${quoted(actual)}`;
  return `${statement.join(' ')}, ${given}`;
}

function splitText(lines: Lines, { bucket, shares }: ExplainedSplit): void {
  const isBehind = shares.every(({ hit }) => !hit);
  const where = isBehind ? ', behind all shares' : '';
  lines.mark(1, !isBehind, `bucket ${bucket} of ${BUCKETS.thousandths}${where}`);
  const rangeOf = ({ from, to }: ExplainedShare): string =>
    from === to ? 'none' : `${from}-${to - 1}`;
  const ranges = Math.max(...shares.map((share) => rangeOf(share).length));
  const names = Math.max(...shares.map(({ variantKey }) => length(printable(variantKey))));
  for (const share of shares) {
    const name = printable(share.variantKey);
    const padded = name + ' '.repeat(names - length(name));
    const text = `${rangeOf(share).padEnd(ranges)}  ${padded}  ${share.rollout} %`;
    lines.mark(2, share.hit ? true : undefined, text, share.hit ? undefined : 'dim');
  }
}

function conclusion({ answer, decidedBy, enabled, rules }: Explanation): string {
  if (answer.kind === 'error') {
    return `No answer: ${answer.message}.`;
  }
  const by =
    decidedBy === undefined
      ? fallback(answer.kind, enabled === true, rules.length)
      : `${decidedBy} decides`;
  if (answer.kind === 'boolean') {
    return `${by}: ${answer.enabled}.`;
  }
  return answer.variantKey === '' ? `${by}: no variant.` : `${by}: ${answer.variantKey}.`;
}

function fallback(kind: 'boolean' | 'variant', enabled: boolean, rules: number): string {
  const noun = kind === 'boolean' ? 'rollout' : 'rule';
  if (kind === 'variant' && !enabled) {
    return 'The flag is disabled, so that its default answers';
  }
  return rules === 0
    ? `Without a ${noun} the flag's default answers`
    : `No ${noun} matches, so that the flag's default answers`;
}

function quoted(text: string): string {
  return JSON.stringify(cut(text, LONGEST_VALUE));
}

/** Lines with marks, wrapped to the width of the output. */
class Lines {
  readonly all: string[] = [];
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  gap(): void {
    this.all.push('');
  }

  add(depth: number, text: string): void {
    for (const line of wrapped(printable(text), this.#output.width - 2 * depth)) {
      this.all.push(' '.repeat(2 * depth) + line);
    }
  }

  /** A text behind a mark that says whether it holds; `undefined` for what is not the point. */
  mark(depth: number, holds: boolean | undefined, text: string, style?: Style): void {
    const [mark, colour] = markOf(holds);
    const indent = ' '.repeat(2 * depth);
    const [first = '', ...more] = wrapped(printable(text), this.#output.width - 2 * depth - 2);
    this.all.push(
      `${indent}${this.#output.styled(colour, mark)} ${this.#output.styled(style, first)}`,
    );
    for (const line of more) {
      this.all.push(`${indent}  ${this.#output.styled(style, line)}`);
    }
  }
}

function markOf(holds: boolean | undefined): [string, Style] {
  if (holds === undefined) {
    return [MARKS.none, 'dim'];
  }
  return holds ? [MARKS.yes, 'green'] : [MARKS.no, 'red'];
}
