import {
  InvalidArgumentError,
  type IdSource,
  type IngestColumn,
  type IngestJob,
  type IngestResult,
  type RejectionCount,
} from '@slipway/plugin-kit';
import { innerType, toFile } from './casting.ts';
import { assertRules, breachesOf, quote, type Breach, type RuledColumn } from './column-rules.ts';
import type { Session } from './engine.ts';
import { fromDuckdb } from './duckdb-error.ts';
import { OutputFile } from './output-file.ts';
import { findRepeats, type RepeatRule } from './repeats.ts';
import { identifier, numbered, outputPath, text } from './sql-text.ts';
import { columnOf, withTable, type TableSource } from './table-source.ts';

/** Columns that every accepted file has besides those of its job. */
export const EVENT = '__event';
export const CREATED = '__created';
export const ARRIVAL = '__arrival';

/** The checks of a job over one file, as SQL over relation `checked`. */
interface Checks {
  readonly job: IngestJob;
  readonly source: TableSource;
  readonly columns: readonly RuledColumn[];
  readonly breaches: readonly Breach[];
  /** WITH clause that ends in relation `checked`: `rn`, the file's `p<n>`, the cast `v<n>`, and `b<n>` for each breach. */
  readonly with: string;
  /** Whether rows had to be joined, after which they are no longer in the order of the file. */
  readonly joined: boolean;
}

/** @see OfflineStore.ingest */
export async function ingest(
  session: Session,
  job: IngestJob,
  place: { workDirectory: string; ids: IdSource },
): Promise<IngestResult> {
  assertJob(job);
  await assertPatterns(session, job.columns);
  const accepted = await OutputFile.plan(job.acceptedFile, place.ids);
  const rejected = await OutputFile.plan(job.rejectedFile, place.ids);
  try {
    return await withTable(session, job.input, place, async (source) => {
      const checks = await planChecks(session, job, source);
      const result = await countRejections(session, checks);
      await session.rows(acceptedStatement(checks, result, accepted.attempt));
      if (result.rejectedRows > 0) await session.rows(rejectedStatement(checks, rejected.attempt));
      // The rejected rows first: accepted rows without them would hide that something was left out.
      if (result.rejectedRows > 0) await rejected.publish();
      await accepted.publish();
      return result;
    });
  } finally {
    await Promise.all([accepted.discard(), rejected.discard()]);
  }
}

/** @throws {InvalidArgumentError} listing nothing of the file: the job by itself is wrong. */
function assertJob(job: IngestJob): void {
  if (job.acceptedFile === job.rejectedFile)
    throw InvalidArgumentError.of('rejectedFile', 'must differ from acceptedFile');
  if (job.firstArrival < 0n) throw InvalidArgumentError.of('firstArrival', 'must not be negative');
  const names = new Set<string>();
  for (const column of job.columns) {
    const folded = column.name.toLowerCase();
    if (folded.startsWith('__')) throw InvalidArgumentError.of(column.name, 'names that start with __ are reserved');
    if (names.has(folded))
      throw InvalidArgumentError.of(column.name, 'there is another column of this name, but for upper and lower case');
    names.add(folded);
    identifier(column.name);
    assertRules(column);
  }
  const find = (name: string): IngestColumn => {
    const column = job.columns.find((candidate) => candidate.name === name);
    if (!column) throw InvalidArgumentError.of(name, `'${name}' is not among the columns of the job`);
    return column;
  };
  for (const name of [job.eventTime, job.createdTime ?? job.eventTime]) {
    if (find(name).type !== 'timestamp') throw InvalidArgumentError.of(name, 'must be a column of type timestamp');
  }
  job.uniqueKey.forEach(find);
}

async function assertPatterns(session: Session, columns: readonly IngestColumn[]): Promise<void> {
  for (const { name, rules } of columns) {
    if (rules.pattern === undefined) continue;
    try {
      await session.rows(`SELECT regexp_full_match('', ${text(rules.pattern)})`);
    } catch (error) {
      const cause = fromDuckdb(error, { field: `${name}.pattern`, paths: [] });
      if (!(cause instanceof InvalidArgumentError)) throw cause;
      throw InvalidArgumentError.of(`${name}.pattern`, `'${rules.pattern}' is not an RE2 expression`, { cause: error });
    }
  }
}

async function planChecks(session: Session, job: IngestJob, source: TableSource): Promise<Checks> {
  const columns = job.columns.map((column, index) => {
    const { value } = columnOf(source, column.sourceColumn ?? column.name, column.type);
    return { column, source: value, value: `v${index}` };
  });
  const casts = job.columns.map((column) => columnOf(source, column.sourceColumn ?? column.name, column.type).cast);
  const typed = `SELECT *, ${casts.map((cast, index) => `${cast} AS v${index}`).join(', ')} FROM ${source.relation}`;
  const times = [job.eventTime, job.createdTime];
  const own = columns.flatMap((ruled) =>
    breachesOf(ruled, (ruled.column.rules.required ?? false) || times.includes(ruled.column.name)),
  );
  const repeats = await findRepeats(session, typed, repeatRules(job, columns));
  const breaches = [...own, ...repeats.map(({ breach }) => breach)];
  const joins = repeats.map(({ table }) => `LEFT JOIN ${table} ON ${table}.rn = typed.rn`).join(' ');
  const flags = [
    ...breaches.map(({ condition }, index) => `${condition} AS b${index}`),
    ...repeats.map(({ table }) => `${table}.first_rn AS ${table}_first`),
  ].join(', ');
  return {
    job,
    source,
    columns,
    breaches,
    with: `WITH typed AS (${typed}), checked AS (SELECT typed.*, ${flags} FROM typed ${joins})`,
    joined: repeats.length > 0,
  };
}

function repeatRules(job: IngestJob, columns: readonly RuledColumn[]): readonly RepeatRule[] {
  const rules: RepeatRule[] = columns
    .filter(({ column }) => column.rules.unique)
    .map(({ column, source, value }) => ({
      column: column.name,
      rule: 'unique',
      values: [value],
      reason: (firstRow) => `${quote(source)} || ' is there already, in row ' || ${firstRow}`,
    }));
  if (job.uniqueKey.length > 0) {
    const parts = job.uniqueKey
      .map((name) => columns.find(({ column }) => column.name === name))
      .filter((part) => part !== undefined);
    const shown = parts.map(({ source }) => quote(source)).join(` || ', ' || `);
    rules.push({
      column: job.uniqueKey.join(', '),
      rule: 'uniqueKey',
      values: parts.map(({ value }) => value),
      reason: (firstRow) => `${shown} || ' is there already, in row ' || ${firstRow}`,
    });
  }
  return rules;
}

const anyBreach = (checks: Checks): string =>
  checks.breaches.length === 0 ? 'false' : checks.breaches.map((_, index) => `b${index}`).join(' OR ');

const eventOf = (checks: Checks): string => timeOf(checks, checks.job.eventTime);
const createdOf = (checks: Checks): string => timeOf(checks, checks.job.createdTime ?? checks.job.eventTime);
const timeOf = (checks: Checks, name: string): string =>
  `v${checks.columns.findIndex(({ column }) => column.name === name)}`;

async function countRejections(session: Session, checks: Checks): Promise<IngestResult> {
  const good = `NOT (${anyBreach(checks)})`;
  const rows = await session.rows(
    `${checks.with} SELECT count(*), count(*) FILTER (${good}), min(${eventOf(checks)}) FILTER (${good}), max(${eventOf(checks)}) FILTER (${good})` +
      `${checks.breaches.map((_, index) => `, count(*) FILTER (b${index})`).join('')} FROM checked`,
  );
  const [total, accepted, first, last, ...counts] = rows[0] ?? [];
  const rejections = checks.breaches
    .map(({ column, rule }, index): RejectionCount => ({ column, rule, rows: Number(counts[index]) }))
    .filter((count) => count.rows > 0);
  return {
    acceptedRows: Number(accepted),
    rejectedRows: Number(total) - Number(accepted),
    rejections,
    eventTimes: typeof first === 'bigint' && typeof last === 'bigint' ? { first, last } : undefined,
  };
}

function acceptedStatement(checks: Checks, result: IngestResult, file: string): string {
  const { job } = checks;
  const columns = checks.columns.map(
    ({ column, value }) =>
      `${toFile(column.type, `CAST(${value} AS ${innerType(column.type)})`)} AS ${identifier(column.name)}`,
  );
  // Without an ORDER BY of its own the window numbers rows as they come, which is the order of the file unless rows were joined.
  const number =
    result.rejectedRows === 0
      ? 'rn'
      : checks.joined
        ? 'row_number() OVER (ORDER BY rn) - 1'
        : 'row_number() OVER () - 1';
  return (
    `COPY (${checks.with} SELECT ${columns.join(', ')}, make_timestamptz(${eventOf(checks)}) AS ${EVENT}, ` +
    `make_timestamptz(${createdOf(checks)}) AS ${CREATED}, CAST(${number} + ${job.firstArrival} AS BIGINT) AS ${ARRIVAL} ` +
    `FROM checked WHERE NOT (${anyBreach(checks)}) ${checks.joined ? `ORDER BY ${ARRIVAL}` : ''}) TO ${outputPath(file)} (FORMAT parquet)`
  );
}

/** Breaches and values as JSON: their number differs by file, and a name of a column may be anything. */
function rejectedStatement(checks: Checks, file: string): string {
  const breaches = checks.breaches.map(
    ({ column, rule, reason }, index) =>
      `CASE WHEN b${index} THEN {'column': ${text(column)}, 'rule': ${text(rule)}, 'reason': ${reason}} END`,
  );
  const values = numbered('p', checks.source.columns.length).map((name) => `CAST(${name} AS VARCHAR)`);
  const names = text(JSON.stringify(checks.source.columns.map(({ name }) => name)));
  return (
    `COPY (${checks.with} SELECT rn AS "row", ${names} AS "names", ` +
    `CAST(to_json(list_filter([${breaches.join(', ')}], lambda breach: breach IS NOT NULL)) AS VARCHAR) AS "breaches", ` +
    `CAST(to_json([${values.join(', ')}]::VARCHAR[]) AS VARCHAR) AS "values" ` +
    `FROM checked WHERE ${anyBreach(checks)} ORDER BY rn) TO ${outputPath(file)} (FORMAT parquet)`
  );
}
