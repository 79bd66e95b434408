import {
  filterInvalid,
  integerTest,
  orderInvalid,
  parseExpression,
  parseOrderTerm,
  textTest,
  type Allowed,
  type ComparisonSyntax,
  type Expression,
  type FieldSyntax,
  type IntegerTest,
  type Refuse,
  type TextTest,
} from '@slipway/search';
import type { ModelVersion } from '../model-version.ts';
import type { RegisteredModel } from '../registered-model.ts';
import type { Tags } from '../tags.ts';
import { passesInteger, passesText } from './text-match.ts';

/** Prompts of MLflow lie among the models; who does not ask for them does not get them. */
const PROMPT_TAG = 'mlflow.prompt.is_prompt';

type Condition =
  | { readonly on: 'tag'; readonly key: string; readonly test: TextTest }
  | { readonly on: 'text'; readonly field: string; readonly test: TextTest }
  | { readonly on: 'integer'; readonly field: string; readonly test: IntegerTest };

/** What may be asked of one kind of row. */
interface Searched<Row> {
  readonly texts: Readonly<Record<string, { readonly allowed: Allowed; of(row: Row): string }>>;
  readonly integers: Readonly<Record<string, (row: Row) => bigint>>;
}

export type SortField = 'name' | 'model' | 'version' | 'createTime' | 'updateTime';

export interface SortTerm {
  readonly field: SortField;
  readonly direction: 'asc' | 'desc';
}

/** A search as a store runs it: what it can narrow down by itself, in which order, and which of those rows it gives. */
export interface RegistrySearch<Row> {
  /** Tells one search from another one: a page token belongs to it. */
  readonly identity: readonly string[];
  /** Rows have this name; undefined when the filter does not say so. */
  readonly name: string | undefined;
  /** Rows have one of these runs. */
  readonly runIds: readonly string[] | undefined;
  /** Total. */
  readonly order: readonly SortTerm[];
  readonly matches: (row: Row) => boolean;
}

interface Request {
  readonly filter: string;
  readonly orderBy: readonly string[];
}

const TAG_PREFIXES = new Set(['tag', 'tags']);
const ATTRIBUTE_PREFIXES = new Set(['', 'attribute', 'attributes', 'attr']);

const MODELS: Searched<RegisteredModel> = {
  texts: { name: { allowed: {}, of: ({ name }) => name } },
  integers: {},
};

const VERSIONS: Searched<ModelVersion> = {
  texts: {
    name: { allowed: {}, of: ({ model }) => model },
    run_id: { allowed: { lists: true }, of: ({ runId }) => runId },
    source_path: { allowed: {}, of: ({ source }) => source },
  },
  integers: { version_number: ({ version }) => version },
};

const MODEL_ORDER: Readonly<Record<string, SortField>> = {
  name: 'name',
  timestamp: 'updateTime',
  last_updated_timestamp: 'updateTime',
};

const VERSION_ORDER: Readonly<Record<string, SortField>> = {
  name: 'model',
  version_number: 'version',
  creation_timestamp: 'createTime',
  last_updated_timestamp: 'updateTime',
};

/** @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID. */
export const readModelSearch = (request: Request): RegistrySearch<RegisteredModel> => ({
  ...readFilter(request, MODELS),
  order: readOrder(request.orderBy, MODEL_ORDER, { tail: [{ field: 'name', direction: 'asc' }], first: [] }),
});

/** Without an order: the last updated first. @throws {InvalidArgumentError} reason FILTER_INVALID or ORDER_BY_INVALID. */
export const readVersionSearch = (request: Request): RegistrySearch<ModelVersion> => ({
  ...readFilter(request, VERSIONS),
  order: readOrder(request.orderBy, VERSION_ORDER, {
    first: [{ field: 'updateTime', direction: 'desc' }],
    tail: [
      { field: 'model', direction: 'asc' },
      { field: 'version', direction: 'desc' },
    ],
  }),
});

function readFilter<Row extends { readonly tags: Tags }>(
  { filter, orderBy }: Request,
  searched: Searched<Row>,
): Omit<RegistrySearch<Row>, 'order'> {
  const expression = parseExpression(filter, filterInvalid, (comparison, refuse) =>
    toCondition(comparison, searched, refuse),
  );
  const conditions = expression ? conditionsOf(expression) : [];
  const asksForPrompts = conditions.some((each) => each.on === 'tag' && each.key === PROMPT_TAG);
  const passes = (row: Row, condition: Condition): boolean => {
    if (condition.on === 'tag') return passesText(tagOf(row, condition.key), condition.test);
    if (condition.on === 'text') return passesText(searched.texts[condition.field]?.of(row), condition.test);
    return passesInteger(searched.integers[condition.field]?.(row) ?? 0n, condition.test);
  };
  return {
    identity: [filter, ...orderBy],
    ...narrowing(expression),
    matches: (row) => {
      if (!asksForPrompts && isPrompt(row)) return false;
      return expression === undefined || holds(expression, (condition) => passes(row, condition));
    },
  };
}

const tagOf = ({ tags }: { readonly tags: Tags }, key: string): string | undefined => {
  if (Object.hasOwn(tags, key)) return tags[key];
  return key === PROMPT_TAG ? 'false' : undefined; // what does not say that it is a prompt is none
};

const isPrompt = (row: { readonly tags: Tags }): boolean => tagOf(row, PROMPT_TAG)?.toLowerCase() === 'true';

function toCondition<Row>(comparison: ComparisonSyntax, searched: Searched<Row>, refuse: Refuse): Condition {
  const { field } = comparison;
  if (TAG_PREFIXES.has(field.prefix)) return { on: 'tag', key: field.name, test: textTest(comparison, {}, refuse) };
  if (ATTRIBUTE_PREFIXES.has(field.prefix)) {
    const text = Object.hasOwn(searched.texts, field.name) ? searched.texts[field.name] : undefined;
    if (text) return { on: 'text', field: field.name, test: textTest(comparison, text.allowed, refuse) };
    if (Object.hasOwn(searched.integers, field.name)) {
      return { on: 'integer', field: field.name, test: integerTest(comparison, {}, refuse) };
    }
  }
  const names = [...Object.keys(searched.texts), ...Object.keys(searched.integers), 'tags.<key>'];
  throw refuse(field.position, `'${shown(field)}' is not searched; use ${names.join(', ')}`);
}

const shown = ({ prefix, name }: FieldSyntax): string =>
  (prefix === '' ? name : `${prefix}.${name}`).slice(0, 80).toWellFormed();

const conditionsOf = (expression: Expression<Condition>): readonly Condition[] => {
  if (expression.kind === 'condition') return [expression.condition];
  if (expression.kind === 'not') return conditionsOf(expression.term);
  return expression.terms.flatMap(conditionsOf);
};

function holds(expression: Expression<Condition>, passes: (condition: Condition) => boolean): boolean {
  switch (expression.kind) {
    case 'condition':
      return passes(expression.condition);
    case 'not':
      return !holds(expression.term, passes);
    case 'and':
      return expression.terms.every((term) => holds(term, passes));
    case 'or':
      return expression.terms.some((term) => holds(term, passes));
  }
}

/** What every match has to be, as far as an index can tell. */
function narrowing(expression: Expression<Condition> | undefined): Pick<RegistrySearch<never>, 'name' | 'runIds'> {
  if (!expression || expression.kind === 'or' || expression.kind === 'not')
    return { name: undefined, runIds: undefined };
  const all = expression.kind === 'and' ? expression.terms : [expression];
  const texts = all.flatMap((term) =>
    term.kind === 'condition' && term.condition.on === 'text' ? [term.condition] : [],
  );
  const name = texts.find(({ field, test }) => field === 'name' && test.op === '=')?.test;
  const runs = texts.find(({ field, test }) => field === 'run_id' && (test.op === '=' || test.op === 'in'))?.test;
  return {
    name: name?.op === '=' ? name.value : undefined,
    runIds: runs?.op === '=' ? [runs.value] : runs?.op === 'in' ? runs.values : undefined,
  };
}

function readOrder(
  clauses: readonly string[],
  fields: Readonly<Record<string, SortField>>,
  { first, tail }: { first: readonly SortTerm[]; tail: readonly SortTerm[] },
): readonly SortTerm[] {
  const terms = clauses.map((clause, index): SortTerm => {
    const refuse: Refuse = (position, description) => orderInvalid(index, position, description);
    const { field, descending } = parseOrderTerm(clause, refuse);
    const known = ATTRIBUTE_PREFIXES.has(field.prefix) && Object.hasOwn(fields, field.name);
    const sortField = known ? fields[field.name] : undefined;
    if (sortField) return { field: sortField, direction: descending ? 'desc' : 'asc' };
    throw refuse(field.position, `'${shown(field)}' is no order; use ${Object.keys(fields).join(', ')}`);
  });
  const seen = new Set<SortField>();
  for (const [index, { field }] of terms.entries()) {
    if (seen.has(field)) throw orderInvalid(index, 1, 'names a field twice');
    seen.add(field);
  }
  const order = terms.length === 0 ? first : terms;
  return [...order, ...tail.filter(({ field }) => !order.some((term) => term.field === field))];
}
