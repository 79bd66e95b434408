import { setImmediate as immediate } from 'node:timers/promises';
import type { SqlRunner, SqlValue } from '@slipway/persistence';

/** Few sizes, so that the texts of statements repeat and stay prepared; the largest is far below what the databases allow to bind. */
const CHUNK_ROWS = [1_000, 100, 10, 1] as const;
/** Statements on SQLite run on the event loop; others get their turn between them. */
const YIELD_EVERY_MS = 5;

const texts = new Map<string, string>();

/** `(?, ?), (?, ?), …`; there are as many of them as chunks times widths. */
function placesOf(rows: number, width: number): string {
  const key = `${rows}x${width}`;
  let text = texts.get(key);
  if (text === undefined) {
    text = Array<string>(rows)
      .fill(`(${Array<string>(width).fill('?').join(', ')})`)
      .join(', ');
    texts.set(key, text);
  }
  return text;
}

export interface BulkStatement {
  /** E.g. `insert into t (a, b) values`. */
  readonly head: string;
  /** E.g. `on conflict do nothing`. */
  readonly tail: string;
  readonly width: number;
}

function* chunksOf(parameters: readonly SqlValue[], width: number): Generator<{ rows: number; slice: SqlValue[] }> {
  const total = parameters.length / width;
  for (let at = 0; at < total;) {
    const rows = CHUNK_ROWS.find((size) => size <= total - at) ?? 1;
    yield { rows, slice: parameters.slice(at * width, (at + rows) * width) };
    at += rows;
  }
}

/** Inserts rows that are given one after the other in `parameters`. @returns what the statements return. */
export async function insertRows<Row extends object = object>(
  sql: SqlRunner,
  { head, tail, width }: BulkStatement,
  parameters: readonly SqlValue[],
): Promise<Row[]> {
  const returned: Row[] = [];
  let yieldedAt = performance.now();
  for (const { rows, slice } of chunksOf(parameters, width)) {
    const statement = `${head} ${placesOf(rows, width)} ${tail}`;
    returned.push(...(await sql.all<Row>(statement, slice)));
    if (sql.dialect !== 'sqlite' || performance.now() - yieldedAt < YIELD_EVERY_MS) continue;
    await immediate();
    yieldedAt = performance.now();
  }
  return returned;
}

/** Rows whose `column` is one of `values`, asked for in bounded portions. @param head ends before `column in (…)`. */
export async function selectIn<Row extends object>(
  sql: SqlRunner,
  { head, tail = '' }: { head: string; tail?: string },
  before: readonly SqlValue[],
  values: readonly SqlValue[],
): Promise<Row[]> {
  const found: Row[] = [];
  for (const { rows, slice } of chunksOf(values, 1)) {
    const places = Array<string>(rows).fill('?').join(', ');
    found.push(...(await sql.all<Row>(`${head} in (${places}) ${tail}`, [...before, ...slice])));
  }
  return found;
}

/** Rows are locked where the database has row locks; SQLite has one writer at a time. */
export const lockClause = ({ dialect }: SqlRunner, strength: 'share' | 'update'): string =>
  dialect === 'postgresql' ? `for ${strength}` : '';
