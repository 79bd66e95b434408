import {
  InvalidArgumentError,
  type ColumnBatch,
  type ColumnSpec,
  type IdSource,
  type LocalTable,
} from '@slipway/plugin-kit';
import { streamBatches } from './batch-builder.ts';
import { innerType } from './casting.ts';
import { quote } from './column-rules.ts';
import type { Session } from './engine.ts';
import { columnOf, streamTable, type TableSource } from './table-source.ts';

/** A relation with `rn` and `c<n>`, the columns. @throws {InvalidArgumentError} naming the first value that is not of its column's type. */
export async function typedRows(session: Session, wanted: readonly ColumnSpec[], source: TableSource): Promise<string> {
  const columns = wanted.map(({ name, type }) => columnOf(source, name, type));
  const relation = `(SELECT rn, ${columns.map(({ cast }, index) => `${cast} AS c${index}`).join(', ')} FROM ${source.relation})`;
  const wrong = columns.map(
    ({ value, cast }) => `min(CASE WHEN ${value} IS NOT NULL AND (${cast}) IS NULL THEN rn END)`,
  );
  const [first] = await session.rows(`SELECT ${wrong.join(', ')} FROM ${source.relation}`);
  for (const [index, row] of (first ?? []).entries()) {
    const column = wanted[index];
    if (row === null || !column) continue;
    const [shown] = await session.rows(
      `SELECT ${quote(columns[index]?.value ?? '')} FROM ${source.relation} WHERE rn = ${String(row)}`,
    );
    throw InvalidArgumentError.of(
      column.name,
      `${String(shown?.[0])} in row ${String(row)} of '${source.file}' is not of type ${column.type}`,
    );
  }
  return relation;
}

/** @see OfflineStore.readRows */
export function readRows(
  session: Session,
  table: LocalTable,
  columns: readonly ColumnSpec[],
  place: { workDirectory: string; ids: IdSource },
): AsyncGenerator<ColumnBatch> {
  if (columns.length === 0) throw InvalidArgumentError.of('columns', 'name at least one column');
  return streamTable(session, table, place, async function* (source) {
    const relation = await typedRows(session, columns, source);
    const values = columns.map(({ type }, index) => `CAST(c${index} AS ${innerType(type)})`);
    yield* streamBatches(session, `SELECT ${values.join(', ')} FROM ${relation}`, columns);
  });
}
