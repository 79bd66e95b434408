import {
  type ComparisonSyntax,
  type Expression,
  type FieldSyntax,
  type OrderTerm,
  type Refuse,
  filterInvalid,
  integerTest,
  numberTest,
  orderInvalid,
  parseExpression,
  parseOrderTerm,
  textTest,
} from '@slipway/search';
import type {
  DatasetAttribute,
  RunCondition,
  RunOrderField,
  RunTextAttribute,
  RunTimeAttribute,
} from './conditions.ts';

type Attribute =
  | { readonly on: 'text'; readonly attribute: RunTextAttribute }
  | { readonly on: 'time'; readonly attribute: RunTimeAttribute };

const text = (attribute: RunTextAttribute): Attribute => ({ on: 'text', attribute });
const time = (attribute: RunTimeAttribute): Attribute => ({ on: 'time', attribute });

/** With the other names that MLflow has for them. */
const ATTRIBUTES: ReadonlyMap<string, Attribute> = new Map([
  ['run_id', text('run_id')],
  ['run_name', text('run_name')],
  ['run name', text('run_name')],
  ['Run name', text('run_name')],
  ['Run Name', text('run_name')],
  ['user_id', text('user_id')],
  ['status', text('status')],
  ['artifact_uri', text('artifact_uri')],
  ['start_time', time('start_time')],
  ['created', time('start_time')],
  ['Created', time('start_time')],
  ['end_time', time('end_time')],
]);
const DATASET_ATTRIBUTES: ReadonlySet<string> = new Set<DatasetAttribute>(['name', 'digest', 'context']);

type Scope = 'metric' | 'param' | 'tag' | 'attribute' | 'dataset';
const SCOPES: ReadonlyMap<string, Scope> = new Map([
  ['metric', 'metric'],
  ['metrics', 'metric'],
  ['param', 'param'],
  ['params', 'param'],
  ['parameter', 'param'],
  ['parameters', 'param'],
  ['tag', 'tag'],
  ['tags', 'tag'],
  ['attribute', 'attribute'],
  ['attributes', 'attribute'],
  ['attr', 'attribute'],
  ['run', 'attribute'],
  ['', 'attribute'],
  ['dataset', 'dataset'],
  ['datasets', 'dataset'],
]);

const shown = (name: string): string => name.slice(0, 80);

function scopeOf({ prefix, position }: FieldSyntax, refuse: Refuse): Scope {
  const scope = SCOPES.get(prefix);
  if (scope !== undefined) return scope;
  throw refuse(position, `'${shown(prefix)}' is not known; use metrics, params, tags, attributes or datasets`);
}

function attributeOf({ name, position }: FieldSyntax, refuse: Refuse): Attribute {
  const attribute = ATTRIBUTES.get(name);
  if (attribute) return attribute;
  throw refuse(
    position,
    `'${shown(name)}' is not an attribute of a run; use one of ${[...ATTRIBUTES.keys()].join(', ')}`,
  );
}

function toCondition(comparison: ComparisonSyntax, refuse: Refuse): RunCondition {
  const { field } = comparison;
  const scope = scopeOf(field, refuse);
  switch (scope) {
    case 'metric':
      return { on: 'metric', key: field.name, test: numberTest(comparison, { presence: true }, refuse) };
    case 'param':
    case 'tag':
      return { on: scope, key: field.name, test: textTest(comparison, { presence: true }, refuse) };
    case 'dataset': {
      if (!DATASET_ATTRIBUTES.has(field.name)) {
        throw refuse(field.position, `'${shown(field.name)}' is not known of datasets; use name, digest or context`);
      }
      const attribute = field.name as DatasetAttribute;
      return { on: 'dataset', attribute, test: textTest(comparison, { lists: true }, refuse) };
    }
    case 'attribute': {
      const found = attributeOf(field, refuse);
      if (found.on === 'time') {
        return { ...found, test: integerTest(comparison, { presence: found.attribute === 'end_time' }, refuse) };
      }
      return { ...found, test: textTest(comparison, { lists: found.attribute === 'run_id' }, refuse) };
    }
  }
}

/** @returns undefined for an empty filter. @throws {InvalidArgumentError} reason FILTER_INVALID, naming the position. */
export const parseRunFilter = (source: string): Expression<RunCondition> | undefined =>
  parseExpression(source, filterInvalid, toCondition);

function orderField(field: FieldSyntax, refuse: Refuse): RunOrderField {
  const scope = scopeOf(field, refuse);
  if (scope === 'attribute') return attributeOf(field, refuse);
  if (scope === 'dataset') throw refuse(field.position, 'runs cannot be ordered by their datasets');
  return { on: scope, key: field.name };
}

const identityOf = (field: RunOrderField): string =>
  JSON.stringify([field.on, 'key' in field ? field.key : field.attribute]);

/** @throws {InvalidArgumentError} reason ORDER_BY_INVALID, naming the position. */
export function parseRunOrder(clauses: readonly string[]): readonly OrderTerm<RunOrderField>[] {
  const seen = new Set<string>();
  return clauses.map((clause, index) => {
    const refuse: Refuse = (position, description) => orderInvalid(index, position, description);
    const { field, descending } = parseOrderTerm(clause, refuse);
    const found = orderField(field, refuse);
    if (seen.has(identityOf(found))) throw refuse(field.position, `'${shown(field.name)}' is named twice`);
    seen.add(identityOf(found));
    return { field: found, descending };
  });
}
