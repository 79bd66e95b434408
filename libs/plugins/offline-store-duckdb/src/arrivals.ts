import {
  InvalidArgumentError,
  type ArrivalsJob,
  type ArrivalsResult,
  type ColumnSpec,
  type IdSource,
} from '@slipway/plugin-kit';
import { castTo, innerType, toFile } from './casting.ts';
import { fromDuckdb } from './duckdb-error.ts';
import type { Session } from './engine.ts';
import { ARRIVAL, EVENT } from './ingest.ts';
import { OutputFile } from './output-file.ts';
import { parquetColumns, type FileColumn } from './parquet-schema.ts';
import { identifier, inputPath, outputPath } from './sql-text.ts';

/** @see OfflineStore.selectArrivals */
export async function selectArrivals(
  session: Session,
  job: ArrivalsJob,
  place: { ids: IdSource },
): Promise<ArrivalsResult> {
  const columns: readonly ColumnSpec[] = [...job.columns, { name: job.arrivalColumn, type: 'integer' }];
  assertNames(columns);
  const output = await OutputFile.plan(job.outputFile, place.ids);
  try {
    const { relation, isOrdered } = await arrivedRows(session, job);
    const inRange = `ar > ${job.after} AND ar <= ${await lastOf(session, job, relation)}`;
    const taken = [
      inRange,
      ...(job.from === undefined ? [] : [`ev >= ${job.from}`]),
      ...(job.before === undefined ? [] : [`ev < ${job.before}`]),
    ].join(' AND ');
    const named = columns.map(({ name, type }, index) => {
      return `${toFile(type, index < job.columns.length ? `c${index}` : 'ar')} AS ${identifier(name)}`;
    });
    await session.rows(
      `COPY (SELECT ${named.join(', ')} FROM ${relation} WHERE ${taken} ${isOrdered ? '' : 'ORDER BY ar'}) ` +
        `TO ${outputPath(output.attempt)} (FORMAT parquet)`,
    );
    const [counted] = await session.rows(
      `SELECT count(*) FILTER (WHERE ${taken}), max(ar) FROM ${relation} WHERE ${inRange}`,
    );
    await output.publish();
    const [rows, last] = counted ?? [];
    return { rows: Number(rows), lastArrival: typeof last === 'bigint' ? last : job.after };
  } catch (error) {
    throw fromDuckdb(error, { field: 'files', paths: job.files });
  } finally {
    await output.discard();
  }
}

function assertNames(columns: readonly ColumnSpec[]): void {
  const names = new Set<string>();
  for (const { name } of columns) {
    identifier(name);
    if (names.has(name.toLowerCase()))
      throw InvalidArgumentError.of(name, 'the result has another column of this name, but for upper and lower case');
    names.add(name.toLowerCase());
  }
}

/** Arrival number that the selection ends with, at most. */
async function lastOf(session: Session, { after, upTo, until }: ArrivalsJob, relation: string): Promise<bigint> {
  if (until === undefined) return upTo;
  const [row] = await session.rows(
    `SELECT min(ar) FROM ${relation} WHERE ar > ${after} AND ar <= ${upTo} AND ev >= ${until}`,
  );
  const stop = row?.[0];
  return typeof stop === 'bigint' ? stop - 1n : upTo;
}

/** `c<n>`, the columns, `ev` and `ar`. Files with the same columns are read together, which leaves them in order when that is all of them. */
async function arrivedRows(
  session: Session,
  { files, columns }: ArrivalsJob,
): Promise<{ readonly relation: string; readonly isOrdered: boolean }> {
  const schemas = await parquetColumns(session, files, 'files');
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const select = selectOf(file, schemas.get(file) ?? [], columns);
    groups.set(select, [...(groups.get(select) ?? []), file]);
  }
  const parts = [...groups].map(
    ([select, members]) =>
      `SELECT ${select} FROM read_parquet([${members.map(inputPath).join(', ')}], hive_partitioning = false)`,
  );
  const nothing = `SELECT ${[...columns.map((column, index) => nullOf(column, index)), '0::BIGINT AS ev', '0::BIGINT AS ar'].join(', ')} WHERE false`;
  return { relation: `(${parts.length === 0 ? nothing : parts.join(' UNION ALL ')})`, isOrdered: parts.length < 2 };
}

const nullOf = ({ type }: ColumnSpec, index: number): string => `CAST(NULL AS ${innerType(type)}) AS c${index}`;

/** @throws {InvalidArgumentError} for a file that was not made by `ingest`, or with a column of a type that cannot be read as the one wanted. */
function selectOf(file: string, found: readonly FileColumn[], wanted: readonly ColumnSpec[]): string {
  const cast = (name: string, type: ColumnSpec['type']): string | undefined => {
    const column = found.find((candidate) => candidate.name === name);
    if (!column) return undefined;
    const read = castTo(type, column.duckdbType);
    if (read) return `CAST(${read(identifier(name))} AS ${innerType(type)})`;
    const text = `column '${name}' of '${file}' has type ${column.duckdbType}, which cannot be read as ${type}`;
    throw InvalidArgumentError.of(name, text);
  };
  const own = (name: string, type: ColumnSpec['type'], as: string): string => {
    const value = cast(name, type);
    if (value === undefined) throw InvalidArgumentError.of('files', `'${file}' is no file of accepted rows`);
    return `${value} AS ${as}`;
  };
  const columns = wanted.map((column, index) => {
    const value = cast(column.name, column.type);
    return value === undefined ? nullOf(column, index) : `${value} AS c${index}`;
  });
  return [...columns, own(EVENT, 'timestamp', 'ev'), own(ARRIVAL, 'integer', 'ar')].join(', ');
}
