import type { Expression } from './conditions.ts';
import { TokenReader, type Refuse, type Token } from './tokens.ts';

/** `prefix.key` as it is written; the prefix is empty for a bare name. */
export interface FieldSyntax {
  readonly prefix: string;
  readonly name: string;
  readonly position: number;
}

export type Operator =
  '=' | '!=' | '<' | '<=' | '>' | '>=' | 'like' | 'ilike' | 'in' | 'not in' | 'is null' | 'is not null';

export interface LiteralSyntax {
  readonly kind: 'string' | 'number';
  readonly text: string;
  readonly position: number;
}

/** One condition before anybody has asked what its field is. */
export interface ComparisonSyntax {
  readonly field: FieldSyntax;
  readonly operator: Operator;
  readonly operatorPosition: number;
  /** One, or those of a list, or none for `is null`. */
  readonly literals: readonly LiteralSyntax[];
}

/** A filter of a few conditions is what people write; each one is a subquery. */
export const CONDITIONS_MAX = 100;
/** Parentheses and NOT inside of each other. */
export const DEPTH_MAX = 32;

/**
 * Grammar: `filter = conjunction { OR conjunction }; conjunction = primary { AND primary };
 * primary = NOT primary | "(" filter ")" | field comparison`.
 * @returns undefined for an empty filter. @throws {InvalidArgumentError} made by `refuse`.
 */
export function parseExpression<Condition>(
  source: string,
  refuse: Refuse,
  toCondition: (comparison: ComparisonSyntax, refuse: Refuse) => Condition,
): Expression<Condition> | undefined {
  const reader = new TokenReader(source, refuse);
  if (reader.peek().kind === 'end') return undefined;
  const expression = new ExpressionParser(reader, toCondition).disjunction(0);
  const { kind, text, position } = reader.peek();
  if (kind === 'sign' && text === ';') throw refuse(position, 'a filter is one expression');
  if (kind !== 'end') reader.fail('AND, OR or the end');
  return expression;
}

class ExpressionParser<Condition> {
  readonly #reader: TokenReader;
  readonly #toCondition: (comparison: ComparisonSyntax, refuse: Refuse) => Condition;
  #conditions = 0;

  constructor(reader: TokenReader, toCondition: (comparison: ComparisonSyntax, refuse: Refuse) => Condition) {
    this.#reader = reader;
    this.#toCondition = toCondition;
  }

  disjunction(depth: number): Expression<Condition> {
    return this.#joined('or', () => this.#joined('and', () => this.#primary(depth)));
  }

  #joined(kind: 'and' | 'or', parse: () => Expression<Condition>): Expression<Condition> {
    const terms: Expression<Condition>[] = [];
    do terms.push(parse());
    while (this.#reader.takeWord(kind.toUpperCase()));
    const [only] = terms;
    return terms.length === 1 && only ? only : { kind, terms };
  }

  #primary(depth: number): Expression<Condition> {
    const reader = this.#reader;
    const { position } = reader.peek();
    if (depth > DEPTH_MAX) throw reader.refuse(position, `nest at most ${DEPTH_MAX} parentheses and NOTs`);
    if (reader.takeWord('NOT')) return { kind: 'not', term: this.#primary(depth + 1) };
    if (!reader.takeSign('(')) return { kind: 'condition', condition: this.#condition() };
    const inner = this.disjunction(depth + 1);
    return reader.takeSign(')') ? inner : reader.fail("AND, OR or ')'");
  }

  #condition(): Condition {
    const reader = this.#reader;
    const { position } = reader.peek();
    this.#conditions += 1;
    if (this.#conditions > CONDITIONS_MAX) throw reader.refuse(position, `use at most ${CONDITIONS_MAX} conditions`);
    const field = parseField(reader);
    const { position: operatorPosition } = reader.peek();
    const operator = parseOperator(reader);
    const literals = parseLiterals(reader, operator);
    return this.#toCondition({ field, operator, operatorPosition, literals }, reader.refuse);
  }
}

const isQuotedName = ({ kind }: Token): boolean => kind === 'quoted' || kind === 'text';

/** `name`, `` `a name` ``, `prefix.key`, ``prefix.`a key` `` or `prefix."a key"`. */
export function parseField(reader: TokenReader): FieldSyntax {
  const first = reader.peek();
  const { position } = first;
  if (isQuotedName(first)) return { prefix: '', name: reader.next().text, position };
  if (first.kind !== 'word') return reader.fail('the name of a field');
  reader.next();
  const dot = first.text.indexOf('.');
  if (dot === -1) return { prefix: '', name: first.text, position };
  const [prefix, rest] = [first.text.slice(0, dot), first.text.slice(dot + 1)];
  if (rest !== '') return { prefix, name: rest, position };
  const key = reader.peek();
  if (!isQuotedName(key) || key.position !== first.end) return reader.fail(`a key directly after '${prefix}.'`);
  reader.next();
  return { prefix, name: key.text, position };
}

const SYMBOLS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);

function parseOperator(reader: TokenReader): Operator {
  const { kind, text } = reader.peek();
  if (kind === 'operator' && SYMBOLS.has(text)) return reader.next().text as Operator;
  if (reader.takeWord('LIKE')) return 'like';
  if (reader.takeWord('ILIKE')) return 'ilike';
  if (reader.takeWord('IN')) return 'in';
  if (reader.takeWord('NOT')) return reader.takeWord('IN') ? 'not in' : reader.fail('IN after NOT');
  if (!reader.takeWord('IS')) return reader.fail('a comparator: =, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL');
  const operator = reader.takeWord('NOT') ? 'is not null' : 'is null';
  return reader.takeWord('NULL') ? operator : reader.fail('NULL');
}

function parseLiterals(reader: TokenReader, operator: Operator): readonly LiteralSyntax[] {
  if (operator === 'is null' || operator === 'is not null') return [];
  if (operator !== 'in' && operator !== 'not in') return [parseLiteral(reader)];
  if (!reader.takeSign('(')) reader.fail("a list in parentheses, e.g. ('a', 'b')");
  const literals: LiteralSyntax[] = [];
  do literals.push(parseLiteral(reader));
  while (reader.takeSign(','));
  if (!reader.takeSign(')')) reader.fail("',' or ')'");
  return literals;
}

function parseLiteral(reader: TokenReader): LiteralSyntax {
  const { kind, text, position } = reader.peek();
  if (kind === 'string' || kind === 'text') reader.next();
  else if (kind === 'number') reader.next();
  else return reader.fail('a number, or a text in quotes');
  return { kind: kind === 'number' ? 'number' : 'string', text, position };
}

/** `field [ASC|DESC]`. @throws {InvalidArgumentError} made by `refuse`. */
export function parseOrderTerm(source: string, refuse: Refuse): { field: FieldSyntax; descending: boolean } {
  const reader = new TokenReader(source, refuse);
  const field = parseField(reader);
  const descending = reader.takeWord('DESC');
  if (!descending) reader.takeWord('ASC');
  if (reader.peek().kind !== 'end') reader.fail('ASC, DESC or the end');
  return { field, descending };
}
