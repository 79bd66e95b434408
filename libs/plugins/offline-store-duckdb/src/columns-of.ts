import type { ColumnSpec, ColumnType, IdSource, LocalTable } from '@slipway/plugin-kit';
import { castTo, columnTypeOf } from './casting.ts';
import type { Session } from './engine.ts';
import { withTable, type TableSource } from './table-source.ts';

/** In the order in which they are tried on text: what reads as a boolean also reads as an integer where it is 0 or 1. */
const TRIED: readonly ColumnType[] = ['integer', 'number', 'boolean', 'timestamp'];

/**
 * A column of text, in CSV, has the narrowest type that every value of it can be cast to. Columns that cannot be read, such as lists, are left out.
 * @see OfflineStore.columnsOf
 */
export function columnsOf(
  session: Session,
  table: LocalTable,
  place: { workDirectory: string; ids: IdSource },
): Promise<readonly ColumnSpec[]> {
  return withTable(session, table, place, async (source) => {
    if (table.format === 'csv') return guessTypes(session, source);
    return source.columns.flatMap(({ name, duckdbType }) => {
      const type = columnTypeOf(duckdbType);
      return type === undefined ? [] : [{ name, type }];
    });
  });
}

async function guessTypes(session: Session, source: TableSource): Promise<readonly ColumnSpec[]> {
  const tests = source.columns.flatMap((_, index) =>
    TRIED.map((type) => `count(p${index}) = count(${castTo(type, 'VARCHAR')?.(`p${index}`) ?? 'NULL'})`),
  );
  const present = source.columns.map((_, index) => `count(p${index})`);
  const [row] = await session.rows(`SELECT ${[...present, ...tests].join(', ')} FROM ${source.relation}`);
  return source.columns.map(({ name }, index) => {
    const fits = TRIED.find((_, place) => row?.[source.columns.length + index * TRIED.length + place] === true);
    const empty = Number(row?.[index]) === 0;
    return { name, type: empty ? 'string' : (fits ?? 'string') };
  });
}
