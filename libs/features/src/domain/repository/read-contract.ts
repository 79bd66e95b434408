import type { ColumnRules, ColumnType } from '@slipway/plugin-kit';
import type { z } from 'zod';
import type { Contract, ContractColumn } from './feature-repository.ts';
import {
  LOGICAL_OPTIONS,
  QUALITY_OPERATORS,
  type ContractDocument,
  type ContractProperty,
  type LogicalType,
  type QualityRule,
  type SchemaObject,
} from './odcs-document.ts';

/** A date is a timestamp at midnight. The others have no column of ours. */
const COLUMN_TYPE: Readonly<Partial<Record<LogicalType, ColumnType>>> = {
  string: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  timestamp: 'timestamp',
  date: 'timestamp',
};

const FORMAT_PATTERN: Readonly<Record<string, string>> = {
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  email: '[^@\\s]+@[^@\\s]+\\.[^@\\s]+',
  ipv4: '((25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})',
};

/** Bounds of the integer formats that are narrower than a column. */
const INTEGER_BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  i8: [-128, 127],
  i16: [-32_768, 32_767],
  i32: [-2_147_483_648, 2_147_483_647],
  u8: [0, 255],
  u16: [0, 65_535],
  u32: [0, 4_294_967_295],
};

type MutableRules = { -readonly [Rule in keyof ColumnRules]: ColumnRules[Rule] };

export interface ContractProblem {
  /** Below the schema object. */
  readonly path: readonly PropertyKey[];
  readonly description: string;
}

/**
 * What of a schema object can be checked row by row. The rest is listed in `notEnforced`, never left out in silence.
 * @param problems filled with what is wrong in options of logical types.
 */
export function readContract(document: ContractDocument, object: SchemaObject, problems: ContractProblem[]): Contract {
  const notEnforced = object.quality.map(
    (rule, at) => `${object.name}.quality[${at}]: ${ruleName(rule)} is not checked row by row`,
  );
  notEnforced.push(...document.slaProperties.map((_, at) => `slaProperties[${at}]: is not checked at ingestion`));
  const columns: ContractColumn[] = [];
  for (const [index, property] of object.properties.entries()) {
    const type = property.logicalType === undefined ? undefined : COLUMN_TYPE[property.logicalType];
    const at = `${object.name}.${property.name}`;
    if (type === undefined) {
      const why =
        property.logicalType === undefined
          ? 'has no logicalType'
          : `logicalType ${property.logicalType} has no column type`;
      notEnforced.push(`${at}: ${why}; the column is not read`);
      continue;
    }
    const options = readOptions(property, ['properties', index], problems);
    const rules = { ...basicRules(property), ...optionRules(options, at, notEnforced) };
    for (const [which, rule] of property.quality.entries()) {
      if (!applyQuality(rule, rules))
        notEnforced.push(`${at}.quality[${which}]: ${ruleName(rule)} is not checked row by row`);
    }
    if (property.relationships !== undefined) notEnforced.push(`${at}.relationships: are not checked`);
    columns.push({ name: property.name, type, rules });
  }
  const { id, version } = document;
  return { id, version, object: object.name, columns, uniqueKey: uniqueKeyOf(object), notEnforced };
}

function uniqueKeyOf({ properties }: SchemaObject): readonly string[] {
  const keys = properties.filter(({ primaryKey }) => primaryKey);
  return keys
    .map((property, index) => ({ name: property.name, position: property.primaryKeyPosition ?? index + 1 }))
    .sort((left, right) => left.position - right.position)
    .map(({ name }) => name);
}

const basicRules = ({ required, primaryKey, unique }: ContractProperty): MutableRules => ({
  ...(required || primaryKey ? { required: true } : {}),
  ...(unique ? { unique: true } : {}),
});

/** The options of one property, checked against its type. */
function readOptions(
  property: ContractProperty,
  path: readonly PropertyKey[],
  problems: ContractProblem[],
): Record<string, unknown> {
  const { logicalType, logicalTypeOptions = {} } = property;
  if (logicalType === undefined) return {};
  const schema: z.ZodType<Record<string, unknown>> = LOGICAL_OPTIONS[logicalType];
  const parsed = schema.safeParse(logicalTypeOptions);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    problems.push({ path: [...path, 'logicalTypeOptions', ...issue.path], description: issue.message });
  }
  return {};
}

/** Adds to `notEnforced` what has no rule of ours. */
function optionRules(options: Record<string, unknown>, at: string, notEnforced: string[]): MutableRules {
  const rules: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const isBound = /^(?:exclusive)?(?:minimum|maximum)$/i.test(option);
    if (isBound ? typeof value === 'number' : ['minLength', 'maxLength', 'pattern'].includes(option))
      rules[option] = value;
    else if (option !== 'format' || !applyFormat(value, rules)) {
      notEnforced.push(`${at}.logicalTypeOptions.${option}: is not checked row by row`);
    }
  }
  return rules;
}

/** @returns whether the format is checked, or says no more than the type does. */
function applyFormat(format: unknown, rules: Record<string, unknown>): boolean {
  if (typeof format !== 'string') return false;
  if (['i64', 'f64'].includes(format)) return true;
  const bounds = INTEGER_BOUNDS[format];
  if (bounds) {
    const { minimum = bounds[0], maximum = bounds[1] } = rules as { minimum?: number; maximum?: number };
    Object.assign(rules, { minimum: Math.max(minimum, bounds[0]), maximum: Math.min(maximum, bounds[1]) });
    return true;
  }
  const pattern = FORMAT_PATTERN[format];
  if (pattern === undefined || rules['pattern'] !== undefined) return false;
  rules['pattern'] = pattern;
  return true;
}

/** @returns whether the rule holds for the whole when it holds for each row, and was added to `rules`. */
function applyQuality(rule: QualityRule, rules: MutableRules): boolean {
  const operators = QUALITY_OPERATORS.filter((operator) => rule[operator] !== undefined);
  if (rule.type !== 'library' || operators.length !== 1 || rule.mustBe !== 0) return false;
  const { arguments: more = {} } = rule;
  if (rule.metric === 'nullValues') rules.required = true;
  else if (rule.metric === 'duplicateValues' && Object.keys(more).length === 0) rules.unique = true;
  else if (rule.metric === 'invalidValues') return applyInvalidValues(more, rules);
  else return false;
  return true;
}

function applyInvalidValues(more: Record<string, unknown>, rules: MutableRules): boolean {
  const { validValues, pattern, ...others } = more;
  if (Object.keys(others).length > 0 || (validValues === undefined && pattern === undefined)) return false;
  if (pattern !== undefined && (typeof pattern !== 'string' || rules.pattern !== undefined)) return false;
  if (validValues !== undefined && (!isScalars(validValues) || rules.validValues !== undefined)) return false;
  if (validValues !== undefined) rules.validValues = validValues.map(String);
  if (pattern !== undefined) rules.pattern = pattern;
  return true;
}

const isScalars = (value: unknown): value is readonly (string | number | boolean)[] =>
  Array.isArray(value) && value.every((each) => ['string', 'number', 'boolean'].includes(typeof each));

const ruleName = ({ name, metric, rule, type }: QualityRule): string =>
  `${name ?? metric ?? rule ?? 'a rule'} (${type})`;
