import {
  type ComparisonSyntax,
  type Expression,
  type FieldSyntax,
  type OrderTerm,
  type Refuse,
  filterInvalid,
  integerTest,
  orderInvalid,
  parseExpression,
  parseOrderTerm,
  textTest,
} from '@slipway/search';
import type { ExperimentCondition, ExperimentOrderField, ExperimentTimeAttribute } from './conditions.ts';

const TIMES: ReadonlySet<string> = new Set<ExperimentTimeAttribute>(['creation_time', 'last_update_time']);
const FIELDS: ReadonlySet<string> = new Set<ExperimentOrderField>([
  'name',
  'experiment_id',
  'creation_time',
  'last_update_time',
]);
const ATTRIBUTE_PREFIXES: ReadonlySet<string> = new Set(['', 'attribute', 'attributes', 'attr']);

const unknown = ({ prefix, name, position }: FieldSyntax, refuse: Refuse, words: string): never => {
  const written = prefix === '' ? name : `${prefix}.${name}`;
  throw refuse(position, `'${written.slice(0, 80)}' is not known of experiments; use ${words}`);
};

function toCondition(comparison: ComparisonSyntax, refuse: Refuse): ExperimentCondition {
  const { field } = comparison;
  if (field.prefix === 'tag' || field.prefix === 'tags') {
    return { on: 'tag', key: field.name, test: textTest(comparison, { presence: true }, refuse) };
  }
  const isAttribute = ATTRIBUTE_PREFIXES.has(field.prefix);
  if (isAttribute && field.name === 'name') return { on: 'name', test: textTest(comparison, {}, refuse) };
  if (isAttribute && TIMES.has(field.name)) {
    const attribute = field.name as ExperimentTimeAttribute;
    return { on: 'time', attribute, test: integerTest(comparison, {}, refuse) };
  }
  return unknown(field, refuse, 'name, creation_time, last_update_time or tags.<key>');
}

/** @returns undefined for an empty filter. @throws {InvalidArgumentError} reason FILTER_INVALID, naming the position. */
export const parseExperimentFilter = (source: string): Expression<ExperimentCondition> | undefined =>
  parseExpression(source, filterInvalid, toCondition);

const DEFAULT_ORDER: readonly OrderTerm<ExperimentOrderField>[] = [
  { field: 'creation_time', descending: true },
  { field: 'experiment_id', descending: false },
];

/** @returns for no clause the newest first, then by id. @throws {InvalidArgumentError} reason ORDER_BY_INVALID, naming the position. */
export function parseExperimentOrder(clauses: readonly string[]): readonly OrderTerm<ExperimentOrderField>[] {
  if (clauses.length === 0) return DEFAULT_ORDER;
  const seen = new Set<string>();
  return clauses.map((clause, index) => {
    const refuse: Refuse = (position, description) => orderInvalid(index, position, description);
    const { field, descending } = parseOrderTerm(clause, refuse);
    if (!ATTRIBUTE_PREFIXES.has(field.prefix) || !FIELDS.has(field.name)) {
      unknown(field, refuse, [...FIELDS].join(', '));
    }
    if (seen.has(field.name)) throw refuse(field.position, `'${field.name}' is named twice`);
    seen.add(field.name);
    return { field: field.name as ExperimentOrderField, descending };
  });
}
