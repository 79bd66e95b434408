import {
  type ComparisonSyntax,
  type Expression,
  type FieldSyntax,
  type IntegerTest,
  type NumberTest,
  type OrderTerm,
  type Refuse,
  type TextTest,
  filterInvalid,
  integerTest,
  numberTest,
  orderInvalid,
  parseExpression,
  parseOrderTerm,
  textTest,
} from '@slipway/search';

export type LoggedModelTextAttribute =
  'name' | 'model_id' | 'model_type' | 'status' | 'source_run_id' | 'artifact_location';
export type LoggedModelTimeAttribute = 'creation_time' | 'last_update_time';

/** A dataset that a metric was measured on. */
export interface DatasetFilter {
  readonly name: string;
  /** Empty is any. */
  readonly digest: string;
}

/** One thing that is said about a logged model. What it does not have matches nothing. A metric passes when one of its values by dataset does. */
export type LoggedModelCondition =
  | { readonly on: 'metric'; readonly key: string; readonly test: NumberTest }
  | { readonly on: 'param' | 'tag'; readonly key: string; readonly test: TextTest }
  | { readonly on: 'text'; readonly attribute: LoggedModelTextAttribute; readonly test: TextTest }
  | { readonly on: 'time'; readonly attribute: LoggedModelTimeAttribute; readonly test: IntegerTest };

type Attribute =
  | { readonly on: 'text'; readonly attribute: LoggedModelTextAttribute }
  | { readonly on: 'time'; readonly attribute: LoggedModelTimeAttribute };

export type LoggedModelOrderField =
  | Attribute
  /** The latest value, of those on the dataset when one is named. */
  | { readonly on: 'metric'; readonly key: string; readonly dataset: DatasetFilter | undefined };

const text = (attribute: LoggedModelTextAttribute): Attribute => ({ on: 'text', attribute });
const time = (attribute: LoggedModelTimeAttribute): Attribute => ({ on: 'time', attribute });

/** With the other names that MLflow has for them. */
const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map([
  ['name', text('name')],
  ['model_id', text('model_id')],
  ['model_type', text('model_type')],
  ['status', text('status')],
  ['source_run_id', text('source_run_id')],
  ['artifact_location', text('artifact_location')],
  ['creation_timestamp', time('creation_time')],
  ['creation_timestamp_ms', time('creation_time')],
  ['creation_time', time('creation_time')],
  ['last_updated_timestamp', time('last_update_time')],
  ['last_updated_timestamp_ms', time('last_update_time')],
  ['last_update_time', time('last_update_time')],
]);

const shown = (name: string): string => name.slice(0, 80);

function attributeOf({ name, position }: FieldSyntax, refuse: Refuse): Attribute {
  const attribute = ATTRIBUTES.get(name);
  if (attribute) return attribute;
  const known = [...ATTRIBUTES.keys()].join(', ');
  throw refuse(position, `'${shown(name)}' is not an attribute of a logged model; use one of ${known}`);
}

const STATUS_PREFIX = 'LOGGED_MODEL_';
const bare = (value: string): string => (value.startsWith(STATUS_PREFIX) ? value.slice(STATUS_PREFIX.length) : value);

/** Statuses are also named as MLflow writes them, `LOGGED_MODEL_READY`. */
function statusTest(test: TextTest): TextTest {
  if ('values' in test) return { ...test, values: test.values.map(bare) };
  return 'value' in test ? { ...test, value: bare(test.value) } : test;
}

function toCondition(comparison: ComparisonSyntax, refuse: Refuse): LoggedModelCondition {
  const { field } = comparison;
  switch (field.prefix) {
    case 'metrics':
      return { on: 'metric', key: field.name, test: numberTest(comparison, { presence: true }, refuse) };
    case 'params':
    case 'tags': {
      const on = field.prefix === 'params' ? 'param' : 'tag';
      return { on, key: field.name, test: textTest(comparison, { lists: true, presence: true }, refuse) };
    }
    case 'attributes':
    case '': {
      const found = attributeOf(field, refuse);
      if (found.on === 'time') return { ...found, test: integerTest(comparison, {}, refuse) };
      const test = textTest(comparison, { lists: true }, refuse);
      return { ...found, test: found.attribute === 'status' ? statusTest(test) : test };
    }
    default: {
      const { position, prefix } = field;
      throw refuse(position, `'${shown(prefix)}' is not known; use metrics, params, tags or attributes`);
    }
  }
}

/** @returns undefined for an empty filter. @throws {InvalidArgumentError} reason FILTER_INVALID, naming the position. */
export const parseLoggedModelFilter = (source: string): Expression<LoggedModelCondition> | undefined =>
  parseExpression(source, filterInvalid, toCondition);

/** What the caller wants them to be ordered by. */
export interface LoggedModelOrderClause {
  /** `metrics.key` or an attribute. */
  readonly field: string;
  readonly descending: boolean;
  /** Of a metric; undefined is any. */
  readonly dataset: DatasetFilter | undefined;
}

/** @throws {InvalidArgumentError} reason ORDER_BY_INVALID, naming the position. */
export function parseLoggedModelOrder(
  clauses: readonly LoggedModelOrderClause[],
): readonly OrderTerm<LoggedModelOrderField>[] {
  const seen = new Set<string>();
  return clauses.map(({ field: source, descending, dataset }, index) => {
    const refuse: Refuse = (position, description) => orderInvalid(index, position, description);
    const { field } = parseOrderTerm(source, refuse);
    const found = orderField(field, dataset, refuse);
    const identity = JSON.stringify(found);
    if (seen.has(identity)) throw refuse(field.position, `'${shown(field.name)}' is named twice`);
    seen.add(identity);
    return { field: found, descending };
  });
}

function orderField(field: FieldSyntax, dataset: DatasetFilter | undefined, refuse: Refuse): LoggedModelOrderField {
  const { prefix, name, position } = field;
  if (prefix === 'metrics') return { on: 'metric', key: name, dataset };
  if (prefix !== '' && prefix !== 'attributes') {
    throw refuse(position, `logged models are ordered by metrics.<key> or an attribute, not by '${shown(prefix)}'`);
  }
  if (dataset) throw refuse(position, 'a dataset goes with metrics only');
  return attributeOf(field, refuse);
}
