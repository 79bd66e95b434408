import { INT64_MAX, INT64_MIN } from '@slipway/kernel';
import type { Comparator, IntegerTest, NumberTest, TextTest } from './conditions.ts';
import type { ComparisonSyntax, LiteralSyntax, Operator } from './syntax.ts';
import type { Refuse } from './tokens.ts';

const COMPARATORS: ReadonlySet<Operator> = new Set(['=', '!=', '<', '<=', '>', '>=']);
const TEXT_OPERATORS: ReadonlySet<Operator> = new Set(['=', '!=', 'like', 'ilike']);

/** What a field allows besides the comparators of its type. */
export interface Allowed {
  readonly lists?: boolean;
  readonly presence?: boolean;
}

function assertOperator(
  { field, operator, operatorPosition }: ComparisonSyntax,
  plain: ReadonlySet<Operator>,
  { lists = false, presence = false }: Allowed,
  refuse: Refuse,
): void {
  const allowed = [
    ...plain,
    ...(lists ? (['in', 'not in'] as const) : []),
    ...(presence ? (['is null', 'is not null'] as const) : []),
  ];
  if (allowed.includes(operator)) return;
  const words = allowed.map((each) => each.toUpperCase()).join(', ');
  throw refuse(
    operatorPosition,
    `'${operator.toUpperCase()}' does not go with '${field.name.slice(0, 80)}'; use ${words}`,
  );
}

const textOf = ({ kind, text, position }: LiteralSyntax, refuse: Refuse): string => {
  if (kind === 'string') return text;
  throw refuse(position, `expected a text in quotes, found the number ${text.slice(0, 40)}`);
};

/** @throws {InvalidArgumentError} on another comparator or a number. */
export function textTest(comparison: ComparisonSyntax, allowed: Allowed, refuse: Refuse): TextTest {
  assertOperator(comparison, TEXT_OPERATORS, allowed, refuse);
  const { operator, literals } = comparison;
  const values = literals.map((literal) => textOf(literal, refuse));
  switch (operator) {
    case 'in':
    case 'not in':
      return { op: operator, values };
    case 'is null':
    case 'is not null':
      return { op: operator };
    case '=':
    case '!=':
    case 'like':
    case 'ilike':
      return { op: operator, value: values[0] ?? '' };
    default:
      throw new Error(`'${operator}' is no comparator of texts`);
  }
}

function numberLiteral({ literals }: ComparisonSyntax, refuse: Refuse): string {
  const [literal] = literals;
  if (!literal) throw new Error('a comparator has a literal');
  if (literal.kind === 'number') return literal.text;
  throw refuse(literal.position, `expected a number without quotes, found '${literal.text.slice(0, 40)}'`);
}

/** @throws {InvalidArgumentError} on another comparator or a text. */
export function numberTest(comparison: ComparisonSyntax, allowed: Allowed, refuse: Refuse): NumberTest {
  assertOperator(comparison, COMPARATORS, allowed, refuse);
  const { operator } = comparison;
  if (operator === 'is null' || operator === 'is not null') return { op: operator };
  return { op: operator as Comparator, value: Number(numberLiteral(comparison, refuse)) };
}

/** @throws {InvalidArgumentError} on another comparator or a text. */
export function integerTest(comparison: ComparisonSyntax, allowed: Allowed, refuse: Refuse): IntegerTest {
  assertOperator(comparison, COMPARATORS, allowed, refuse);
  const { operator } = comparison;
  if (operator === 'is null' || operator === 'is not null') return { op: operator };
  const text = numberLiteral(comparison, refuse);
  return compareIntegers(operator as Comparator, text);
}

const ALWAYS: IntegerTest = { op: '<=', value: INT64_MAX };
const NEVER: IntegerTest = { op: '>', value: INT64_MAX };

/** The test of an int64 that says the same as one with any number, e.g. `> 1.5` is `> 1`. */
function compareIntegers(op: Comparator, text: string): IntegerTest {
  if (/^[+-]?\d+$/.test(text)) return clamp(op, BigInt(text.replace('+', '')));
  const value = Number(text);
  if (Number.isInteger(value)) return clamp(op, BigInt(value));
  if (value === Number.POSITIVE_INFINITY) return clamp(op, INT64_MAX + 1n);
  if (value === Number.NEGATIVE_INFINITY) return clamp(op, INT64_MIN - 1n);
  if (op === '=') return NEVER;
  if (op === '!=') return ALWAYS;
  return clamp(op === '>' || op === '>=' ? '>' : '<=', BigInt(Math.floor(value)));
}

function clamp(op: Comparator, value: bigint): IntegerTest {
  if (value >= INT64_MIN && value <= INT64_MAX) return { op, value };
  if (op === '=') return NEVER;
  if (op === '!=') return ALWAYS;
  const isAbove = value > INT64_MAX;
  return (op === '<' || op === '<=') === isAbove ? ALWAYS : NEVER;
}
