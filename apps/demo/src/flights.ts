import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

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

/** What the caller of a prediction knows itself, and what the feature store knows; both in the order in which models take them. */
export const SCHEDULE_FEATURES = ['hour', 'weekday', 'month_day', 'distance'] as const;
export const DELAY_FEATURES = ['delay_mean_1h', 'delay_mean_3h', 'delay_mean_24h'] as const;
export const DELAY_VIEW = 'origin_delays';
export const SOURCE = 'flights';
export const ENTITY_TIME = 'scheduled_at';
export const TARGET = 'late';
/** Row of the file, of which the id of a flight is made. */
export const NUMBER = 'flight_number';
export const flightIdOf = (number: number): string => `3m:${number}`;
/** When it is known whether the flight is late: microseconds since 1970. */
export const KNOWN_AT = 'known_at';

/** Where predictions get a column from: `view:feature` or `request:feature`. */
export const featureReference = (column: string): string =>
  (DELAY_FEATURES as readonly string[]).includes(column) ? `${DELAY_VIEW}:${column}` : `request:${column}`;

/** First day and the day after the last, `YYYY-MM-DD`, in scheduled local time. */
export interface Period {
  readonly from: string;
  readonly until: string;
}
export type NamedPeriod = readonly [name: string, period: Period];

/** Files as an airline would hand them over, and the questions to be answered with them. */
export interface Flights {
  /** Raw rows in the order of the source, breaches and all: one file of the source `flights`. @returns rows. */
  exportRows(period: Period, file: string): Promise<number>;
  /**
   * One row per flight that can be learned from: keys, scheduled time, what its schedule says, and whether it left late.
   * @param sample at most this many rows, a fixed choice by `seed`. @returns rows.
   */
  exportEntityRows(period: Period, sample: { rows?: number | undefined; seed: number }, file: string): Promise<number>;
  close(): void;
}

/** A number that follows from the three letters of an airport. */
const AIRPORT = '(ascii(origin) * 31 + ascii(origin[2:2]) * 7 + ascii(origin[3:3]))';
// There is no flight id in the data, and date, origin and destination are not unique: file and row are.
const RAW = (file: string, slice: number, { from, until }: Period): string =>
  `select '3m:' || file_row_number as flight_id, date as scheduled_at, date + to_minutes(delay) as left_at, delay, distance, origin, destination,
     lpad(hour(date)::varchar, 2, '0') as hour, dayname(date) as weekday, day(date) as month_day, file_row_number as row
   from read_parquet('${file}', file_row_number = true) where date >= '${from}' and date < '${until}' and ${AIRPORT} % ${slice} = 0`;

/** Opens the file once for several exports; `close` releases it. @param slice about one of so many airports is taken; 1 takes all. */
export async function openFlights(path: string, slice = 1): Promise<Flights> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '256MB' });
  const connection = await instance.connect();
  const source = quoted(path);
  const copy = async (query: string, file: string): Promise<number> => {
    const result = await connection.run(`copy (${query}) to '${quoted(file)}' (format parquet)`);
    const [[rows] = []] = await result.getRows();
    return Number(rows ?? 0);
  };
  return {
    exportRows: (period, file) =>
      copy(`select * exclude (row) from (${RAW(source, slice, period)}) order by row`, file),
    exportEntityRows: (period, { rows, seed }, file) => {
      const sample =
        rows === undefined
          ? ''
          : `qualify row_number() over (order by hash(row + ${Math.trunc(seed)}), row) <= ${Math.trunc(rows)}`;
      // A delay that breaks the contract is no label to learn from.
      const usable = `(select * from (${RAW(source, slice, period)}) where delay between -60 and 1440 ${sample})`;
      return copy(
        `select row::double as ${NUMBER}, scheduled_at, epoch_us(greatest(scheduled_at, left_at))::double as ${KNOWN_AT}, origin, hour, weekday,
         month_day::double as month_day, distance::double as distance, (delay > ${LATE_MINUTES})::bigint as late from ${usable} order by row`,
        file,
      );
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const quoted = (text: string): string => text.replaceAll("'", "''");
