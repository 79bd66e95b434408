import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import type { TrainingColumn, TrainingTable } from '@slipway/plugin-kit';

/**
 * Three million US flights of January to June 2001, as the package `vega-datasets` ships them; beside a bundle they lie in `data/`.
 * @throws {Error} when they are not installed.
 */
export function packagedFlights(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const found = [join(folder, 'data', FILE), join(folder, 'node_modules/vega-datasets/data', FILE)].find((path) =>
      existsSync(path),
    );
    if (found) return found;
    if (folder === dirname(folder))
      throw new Error(`${FILE} is not installed: run 'npm ci', or name a copy of it with --data`);
  }
}
const FILE = 'flights-3m.parquet';

/** A flight counts as late when it leaves more than this after its scheduled time. */
export const LATE_MINUTES = 15;
/** Delays outside are recording errors: 142 rows leave more than an hour early and 8 more than a day late. */
const DELAY_MINUTES = { min: -60, max: 1440 };

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));

/** Names of the columns, in the order in which models take them. `late` is the target. */
export const SCHEDULE_FEATURES = ['hour', 'weekday', 'month_day', 'distance'] as const;
export const ROUTE_FEATURES = [...SCHEDULE_FEATURES, 'origin', 'destination'] as const;
export const TARGET = 'late';

export interface FlightsQuery {
  readonly file: string;
  /** First day and the day after the last, `YYYY-MM-DD`, in scheduled local time. */
  readonly from: string;
  readonly until: string;
  /** At most this many rows, a fixed sample by `seed` when there are more. */
  readonly rows?: number | undefined;
  readonly seed: number;
}

interface RawColumns {
  readonly hour: Uint8Array;
  readonly weekday: Uint8Array;
  readonly monthDay: Uint8Array;
  readonly distance: Float32Array;
  readonly origin: Uint16Array;
  readonly destination: Uint16Array;
  readonly late: Uint8Array;
}

/** Opens the file once for several reads; `close` releases it. */
export async function openFlights(
  file: string,
): Promise<{ read(query: Omit<FlightsQuery, 'file'>): Promise<TrainingTable>; close(): void }> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '400MB' });
  const connection = await instance.connect();
  const escaped = file.replaceAll("'", "''");
  await connection.run(
    `create temp table airports as select code, (row_number() over (order by code) - 1)::usmallint as position
     from (select origin as code from '${escaped}' union select destination from '${escaped}')`,
  );
  const airports = (
    await connection.runAndReadAll('select code from airports order by position')
  ).getColumnsJS()[0] as string[];
  return {
    read: async (query) => toTable(await readColumns(connection, { ...query, file: escaped }), airports),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function readColumns(connection: DuckDBConnection, query: FlightsQuery): Promise<RawColumns> {
  const where = `date >= '${query.from}' and date < '${query.until}' and delay between ${DELAY_MINUTES.min} and ${DELAY_MINUTES.max}`;
  const source = `(select date, delay, distance, origin, destination, file_row_number as row from read_parquet('${query.file}', file_row_number = true) where ${where})`;
  const counted = await connection.runAndReadAll(`select count(*)::integer from ${source}`);
  const available = Number(counted.getRowsJS()[0]?.[0] ?? 0);
  const rows = Math.min(query.rows ?? available, available);
  // A fixed sample: the rows with the smallest hashes; all rows keep the order of the file.
  const sample =
    rows < available ? `where row in (select row from ${source} order by hash(row + ${query.seed}) limit ${rows})` : '';
  const result = await connection.stream(
    `select hour(date)::utinyint, (isodow(date) - 1)::utinyint, day(date)::utinyint, distance::float, o.position, d.position, (delay > ${LATE_MINUTES})::utinyint
     from ${source} f join airports o on o.code = f.origin join airports d on d.code = f.destination ${sample} order by row`,
  );
  const raw: RawColumns = {
    hour: new Uint8Array(rows),
    weekday: new Uint8Array(rows),
    monthDay: new Uint8Array(rows),
    distance: new Float32Array(rows),
    origin: new Uint16Array(rows),
    destination: new Uint16Array(rows),
    late: new Uint8Array(rows),
  };
  const targets = Object.values(raw) as Uint8Array[];
  let filled = 0;
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [index, target] of targets.entries()) {
      const { items } = chunk.getColumnVector(index) as unknown as { items: Uint8Array };
      target.set(items.subarray(0, chunk.rowCount), filled);
    }
    filled += chunk.rowCount;
  }
  return raw;
}

function toTable(raw: RawColumns, airports: readonly string[]): TrainingTable {
  const digest = createHash('sha256').update(airports.join(','));
  for (const values of Object.values(raw) as Uint8Array[])
    digest.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const categorical = (name: string, categories: readonly string[], codes: ArrayLike<number>): TrainingColumn => ({
    name,
    kind: 'categorical',
    categories,
    codes: Uint32Array.from(codes),
  });
  const numeric = (name: string, values: ArrayLike<number>): TrainingColumn => ({
    name,
    kind: 'numeric',
    values: Float64Array.from(values),
  });
  return {
    rows: raw.hour.length,
    id: digest.digest('hex'),
    columns: [
      categorical('hour', HOURS, raw.hour),
      categorical('weekday', WEEKDAYS, raw.weekday),
      numeric('month_day', raw.monthDay),
      numeric('distance', raw.distance),
      categorical('origin', airports, raw.origin),
      categorical('destination', airports, raw.destination),
      numeric(TARGET, raw.late),
    ],
  };
}
