import { InvalidArgumentError, type ColumnRules, type IngestColumn } from '@slipway/plugin-kit';
import { double, text } from './sql-text.ts';

/** How a row can break a rule. All three are SQL over one row: never null the condition, a text the reason. */
export interface Breach {
  readonly column: string;
  readonly rule: string;
  readonly condition: string;
  readonly reason: string;
}

/** A column of an ingest job and its SQL: `source` as in the file, `value` after the cast (null where it failed). */
export interface RuledColumn {
  readonly column: IngestColumn;
  readonly source: string;
  readonly value: string;
}

/** 2^64, beyond every integer of 64 bits. */
const BEYOND_INTEGERS = '18446744073709551616';
/** Characters of a value that a reason quotes. */
const QUOTED_CHARACTERS_MAX = 100;

const BOUNDS = {
  minimum: { holds: '>=', says: 'less than the minimum' },
  maximum: { holds: '<=', says: 'greater than the maximum' },
  exclusiveMinimum: { holds: '>', says: 'not greater than the exclusive minimum' },
  exclusiveMaximum: { holds: '<', says: 'not less than the exclusive maximum' },
} as const;
const APPLIES: Record<keyof ColumnRules, readonly IngestColumn['type'][]> = {
  required: ['string', 'integer', 'number', 'boolean', 'timestamp'],
  unique: ['string', 'integer', 'number', 'boolean', 'timestamp'],
  minimum: ['integer', 'number'],
  maximum: ['integer', 'number'],
  exclusiveMinimum: ['integer', 'number'],
  exclusiveMaximum: ['integer', 'number'],
  minLength: ['string'],
  maxLength: ['string'],
  pattern: ['string'],
  validValues: ['string', 'integer', 'boolean'],
};

/** @throws {InvalidArgumentError} for a rule that means nothing for the type of its column, and for a bound that is not a number. */
export function assertRules(column: IngestColumn): void {
  for (const rule of Object.keys(APPLIES) as (keyof ColumnRules)[]) {
    const wanted = column.rules[rule];
    if (wanted === undefined) continue;
    if (!APPLIES[rule].includes(column.type)) {
      throw InvalidArgumentError.of(
        `${column.name}.${rule}`,
        `rule '${rule}' cannot be used on a column of type ${column.type}`,
      );
    }
    if (typeof wanted === 'number' && Number.isNaN(wanted)) {
      throw InvalidArgumentError.of(`${column.name}.${rule}`, 'must be a number, not NaN');
    }
    if (rule.endsWith('Length') && !(Number.isSafeInteger(wanted) && Number(wanted) >= 0)) {
      throw InvalidArgumentError.of(`${column.name}.${rule}`, 'must be a whole number from 0 on');
    }
  }
}

/** Breaches that a row shows by itself; `unique` needs the other rows. @param required the rule, or what the job demands of its time columns. */
export function breachesOf(ruled: RuledColumn, required: boolean): readonly Breach[] {
  const { column, source, value } = ruled;
  const { rules } = column;
  const quoted = quote(source);
  const breaches: Breach[] = [];
  const add = (rule: string, condition: string, reason: string): void => {
    breaches.push({ column: column.name, rule, condition: `coalesce(${condition}, false)`, reason });
  };
  if (required) add('required', `${source} IS NULL`, text('is required and has no value'));
  add('type', `${source} IS NOT NULL AND ${value} IS NULL`, `${quoted} || ${text(` is not of type ${column.type}`)}`);
  for (const [rule, { says }] of Object.entries(BOUNDS)) {
    const bound = rules[rule as keyof typeof BOUNDS];
    if (bound === undefined) continue;
    // NaN is within no bounds; DuckDB by itself takes it for the greatest number.
    const nan = column.type === 'number' ? `isnan(${value}) OR ` : '';
    add(
      rule,
      `${nan}NOT (${value} ${comparison(column, rule as keyof typeof BOUNDS, bound)})`,
      `${quoted} || ${text(` is ${says} ${bound}`)}`,
    );
  }
  if (rules.minLength !== undefined)
    add(
      'minLength',
      `length(${value}) < ${rules.minLength}`,
      `${quoted} || ${text(` is shorter than ${rules.minLength} characters`)}`,
    );
  if (rules.maxLength !== undefined)
    add(
      'maxLength',
      `length(${value}) > ${rules.maxLength}`,
      `${quoted} || ${text(` is longer than ${rules.maxLength} characters`)}`,
    );
  if (rules.pattern !== undefined)
    add(
      'pattern',
      `NOT regexp_full_match(${value}, ${text(rules.pattern)})`,
      `${quoted} || ${text(` does not match ${rules.pattern}`)}`,
    );
  if (rules.validValues !== undefined) {
    const list = `[${rules.validValues.map(text).join(', ')}]::VARCHAR[]`;
    add(
      'validValues',
      `NOT list_contains(${list}, CAST(${value} AS VARCHAR))`,
      `${quoted} || ${text(` is not one of the ${rules.validValues.length} valid values`)}`,
    );
  }
  return breaches;
}

/** The value as its file has it, shortened, in quotes. */
export const quote = (source: string): string => {
  const shown = `CAST(${source} AS VARCHAR)`;
  return `'''' || CASE WHEN length(${shown}) > ${QUOTED_CHARACTERS_MAX} THEN ${shown}[1:${QUOTED_CHARACTERS_MAX}] || '…' ELSE ${shown} END || ''''`;
};

/**
 * The bound that a value is compared with, and how. Integers are compared as integers: as doubles, neighbours beyond 2^53 would be equal. A bound
 * between two integers becomes the one inside.
 */
function comparison(column: IngestColumn, rule: keyof typeof BOUNDS, bound: number): string {
  const { holds } = BOUNDS[rule];
  if (column.type === 'number') return `${holds} ${double(bound)}`;
  if (Math.abs(bound) > 2 ** 64) return `${holds} ${bound > 0 ? BEYOND_INTEGERS : `-${BEYOND_INTEGERS}`}`;
  if (Number.isInteger(bound)) return `${holds} ${BigInt(bound)}`;
  return holds.startsWith('>') ? `>= ${Math.ceil(bound)}` : `<= ${Math.floor(bound)}`;
}
