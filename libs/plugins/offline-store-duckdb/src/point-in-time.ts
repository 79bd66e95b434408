import {
  InvalidArgumentError,
  type ColumnSpec,
  type ColumnType,
  type IdSource,
  type JoinedView,
  type PointInTimeJob,
  type PointInTimeResult,
} from '@slipway/plugin-kit';
import { innerType, toFile } from './casting.ts';
import { ContentHash } from './content-hash.ts';
import type { Session } from './engine.ts';
import type { IndexCache } from './index-cache.ts';
import { OutputFile } from './output-file.ts';
import { identifier, inputPath, outputPath } from './sql-text.ts';
import { withTable } from './table-source.ts';
import { typedRows } from './typed-rows.ts';
import { buildIndex } from './view-index.ts';

/** Earlier than every time that a row can have (see `casting.ts`). */
const BEFORE_ALL_TIME = '-100000000000000000';

/** @see OfflineStore.joinPointInTime */
export async function joinPointInTime(
  session: Session,
  job: PointInTimeJob,
  place: { workDirectory: string; ids: IdSource; cache: IndexCache },
): Promise<PointInTimeResult> {
  const columns = resultColumns(job);
  const output = await OutputFile.plan(job.outputFile, place.ids);
  const total = job.views.length + 2;
  const step = (done: number): void => job.onProgress({ done, total, unit: 'steps' });
  try {
    step(0);
    return await withTable(session, job.entities, place, async (source) => {
      const entities = await typedRows(session, job.entityColumns, source);
      await withIndexes(session, job, place.cache, step, async (indexes) => {
        await session.rows(
          `COPY (${joinSelect(job, columns, entities, indexes)}) TO ${outputPath(output.attempt)} (FORMAT parquet)`,
        );
      });
      step(total - 1);
      const content = await hashFile(session, output.attempt, columns);
      await output.publish();
      step(total);
      return { ...content, columns };
    });
  } finally {
    await output.discard();
  }
}

/** Columns of the result. @throws {InvalidArgumentError} when a column is unknown, of the wrong type, or there twice. */
function resultColumns(job: PointInTimeJob): readonly ColumnSpec[] {
  if (entityColumn(job, job.eventTime).type !== 'timestamp')
    throw InvalidArgumentError.of(job.eventTime, 'must be a column of type timestamp');
  const columns = [...job.entityColumns];
  for (const joined of job.views) {
    const { view } = joined;
    if (view.keys.length === 0 || view.keys.length !== joined.entityColumns.length)
      throw InvalidArgumentError.of(view.name, `needs one entity column for each of its ${view.keys.length} keys`);
    view.keys.forEach((key, index) => {
      const column = entityColumn(job, joined.entityColumns[index] ?? '');
      if (column.type !== key.type)
        throw InvalidArgumentError.of(
          column.name,
          `has type ${column.type}; key '${key.name}' of view '${view.name}' has type ${key.type}`,
        );
    });
    if (joined.ttlMicros < 0n) throw InvalidArgumentError.of(view.name, 'the time to live must not be negative');
    for (const { feature, output } of joined.features) {
      const found = view.features.find(({ name }) => name === feature);
      if (!found) throw InvalidArgumentError.of(feature, `view '${view.name}' has no feature '${feature}'`);
      columns.push({ name: output, type: found.type });
    }
  }
  const names = new Set<string>();
  for (const { name } of columns) {
    identifier(name);
    if (names.has(name.toLowerCase()))
      throw InvalidArgumentError.of(name, 'the result has another column of this name, but for upper and lower case');
    names.add(name.toLowerCase());
  }
  return columns;
}

function entityColumn(job: PointInTimeJob, name: string): ColumnSpec {
  const column = job.entityColumns.find((candidate) => candidate.name === name);
  if (!column) throw InvalidArgumentError.of(name, `'${name}' is not among the entity columns of the job`);
  return column;
}

/** Opens the indexes one after the other; all of them stay while `work` runs. */
async function withIndexes(
  session: Session,
  job: PointInTimeJob,
  cache: IndexCache,
  step: (done: number) => void,
  work: (files: readonly string[]) => Promise<void>,
): Promise<void> {
  const open = async (files: readonly string[]): Promise<void> => {
    const joined = job.views[files.length];
    if (!joined) return work(files);
    const { view, createdCutoff } = joined;
    const build = (file: string): Promise<void> => buildIndex(session, view, createdCutoff, file);
    await cache.use(view, createdCutoff, session.signal, build, (file) => {
      step(files.length + 1);
      return open([...files, file]);
    });
  };
  await open([]);
}

function joinSelect(
  job: PointInTimeJob,
  columns: readonly ColumnSpec[],
  entities: string,
  indexes: readonly string[],
): string {
  const at = (name: string): string => `e.c${job.entityColumns.findIndex((column) => column.name === name)}`;
  const time = at(job.eventTime);
  const values = [
    ...job.entityColumns.map((_, index) => `e.c${index}`),
    ...job.views.flatMap((joined, number) =>
      joined.features.map(({ feature }) => featureValue(joined, number, feature, time)),
    ),
  ];
  const joins = job.views.map(({ view, entityColumns }, number) => {
    const keys = entityColumns.map(at);
    const index = `read_parquet(${inputPath(indexes[number] ?? '')}, hive_partitioning = false) AS i${number}`;
    const equal = view.keys.map(({ type }, place) => `${presentKey(type, keys[place] ?? '')} = i${number}.k${place}`);
    const present = [time, ...keys].map((value) => `${value} IS NOT NULL`).join(' AND ');
    const since = `CASE WHEN ${present} THEN ${time} ELSE ${BEFORE_ALL_TIME} END >= i${number}.since`;
    return `ASOF LEFT JOIN ${index} ON ${[...equal, since].join(' AND ')}`;
  });
  const named = columns.map(
    ({ name, type }, index) => `${toFile(type, `CAST(${values[index]} AS ${innerType(type)})`)} AS ${identifier(name)}`,
  );
  return `SELECT ${named.join(', ')} FROM ${entities} AS e ${joins.join(' ')} ORDER BY e.rn`;
}

/**
 * A key that is never null. DuckDB 1.5.5 finds rows for entities with a null among several keys or as their time (seen in the random tests of the
 * contract), so no null reaches the join: an entity that has one is given a time before all rows instead.
 */
function presentKey(type: ColumnType, key: string): string {
  if (type === 'number') return `(coalesce(${key}, 0.0) + 0.0)`; // compared as the index has it, with one zero
  if (type === 'string') return `coalesce(${key}, '')`;
  return `coalesce(${key}, ${type === 'boolean' ? 'false' : '0'})`;
}

function featureValue({ view, ttlMicros }: JoinedView, number: number, feature: string, time: string): string {
  const value = `i${number}.f${view.features.findIndex(({ name }) => name === feature)}`;
  return ttlMicros > 0n ? `CASE WHEN ${time} - i${number}.ev <= ${ttlMicros} THEN ${value} END` : value;
}

async function hashFile(
  session: Session,
  file: string,
  columns: readonly ColumnSpec[],
): Promise<Pick<PointInTimeResult, 'rows' | 'contentSha256' | 'nulls'>> {
  const hash = new ContentHash(columns);
  const values = columns.map(({ name, type }) =>
    type === 'timestamp' ? `epoch_us(${identifier(name)})` : identifier(name),
  );
  for await (const chunk of session.stream(
    `SELECT ${values.join(', ')} FROM read_parquet(${inputPath(file)}, hive_partitioning = false)`,
  )) {
    hash.update(chunk);
  }
  return hash.digest();
}
