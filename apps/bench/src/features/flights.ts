import { join } from 'node:path';
import type { ColumnSpec, IngestJob, OfflineStore } from '@slipway/plugin-kit';
import type { Duckdb } from './duckdb.ts';

const FLIGHTS = join(import.meta.dirname, '../../../../node_modules/vega-datasets/data/flights-3m.parquet');

/** Columns of the flights that are joined to the labels. */
export const JOINED: readonly ColumnSpec[] = [
  { name: 'delay', type: 'integer' },
  { name: 'distance', type: 'integer' },
  { name: 'destination', type: 'string' },
];

/** Files of one comparison. */
export interface Flights {
  /** Rows as our store keeps them: the columns of the flights, `__event`, `__created` and `__arrival`. */
  readonly accepted: string;
  readonly acceptedRows: number;
  /** Parquet of `label` (0, 1, ...), `moment` and `origin`. */
  readonly labels: string;
}

/**
 * Flights that become known when they leave, half of them before their scheduled time, and labels some hours after flights that were drawn from all,
 * in no order of time.
 * @param size.rows flights from the beginning of the file.
 */
export async function prepareFlights(
  store: OfflineStore,
  duckdb: Duckdb,
  directory: string,
  size: { readonly rows: number; readonly labels: number; readonly seed: number },
  signal: AbortSignal,
): Promise<Flights> {
  const [flights, labels, accepted] = ['flights', 'labels', 'accepted'].map((name) =>
    join(directory, `${name}.parquet`),
  );
  if (!flights || !labels || !accepted) throw new Error('three names');
  await duckdb.sql(
    `COPY (SELECT *, date + to_minutes(delay) AS known FROM '${FLIGHTS}' LIMIT ${size.rows}) TO '${flights}' (FORMAT parquet)`,
  );
  await duckdb.sql(
    `COPY (SELECT row_number() OVER (ORDER BY draw) - 1 AS label, date + to_minutes(CAST(draw % 1440 AS INTEGER)) AS moment, origin FROM ` +
      `(SELECT date, origin, hash(file_row_number, ${size.seed}) AS draw FROM read_parquet('${flights}', file_row_number = true)) ` +
      `ORDER BY draw LIMIT ${size.labels}) TO '${labels}' (FORMAT parquet)`,
  );
  const job: IngestJob = {
    input: { file: flights, format: 'parquet' },
    columns: [
      { name: 'date', type: 'timestamp', rules: { required: true } },
      { name: 'known', type: 'timestamp', rules: {} },
      { name: 'origin', type: 'string', rules: { required: true } },
      ...JOINED.map((column) => ({ ...column, rules: {} })),
    ],
    eventTime: 'date',
    createdTime: 'known',
    uniqueKey: [],
    firstArrival: 0n,
    acceptedFile: accepted,
    rejectedFile: join(directory, 'rejected.parquet'),
  };
  const { acceptedRows } = await store.ingest(job, signal);
  return { accepted, acceptedRows, labels };
}
