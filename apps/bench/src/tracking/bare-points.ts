import Sqlite from 'better-sqlite3';
import { silentLogger, systemClock } from '@slipway/kernel';
import { encodeFloat64, openDatabase } from '@slipway/persistence';
import { trackingEntities, trackingMigrations } from '@slipway/tracking';

export interface BenchPoint {
  readonly series: number;
  readonly step: number;
  readonly timestamp: number;
  readonly value: number;
}

/** The table of points alone, written as fast as SQLite takes prepared inserts of many rows. */
export interface BarePoints {
  insert(firstSeries: bigint, points: readonly BenchPoint[]): void;
  close(): void;
}

const ROWS = 1_000;
const TRANSACTION_POINTS = 10_000;

/** A database with the schema of tracking, set as ours are, and a connection of its own. */
export async function openBarePoints(file: string): Promise<BarePoints> {
  const schema = { entities: trackingEntities, migrations: trackingMigrations };
  const database = await openDatabase({ driver: 'sqlite', file }, { ...schema, log: silentLogger, clock: systemClock });
  await database.close();
  const bare = new Sqlite(file);
  bare.pragma('journal_mode = WAL');
  bare.pragma('synchronous = NORMAL');
  const places = Array<string>(ROWS).fill('(?, ?, ?, ?, ?)').join(', ');
  const columns = 'workspace, series, step, timestamp, value';
  const statement = bare.prepare(
    `insert into tracking_metric_point (${columns}) values ${places} on conflict do nothing`,
  );
  const insertRows = (firstSeries: bigint, rows: readonly BenchPoint[]): void => {
    const parameters: (string | bigint)[] = [];
    for (const { series, step, timestamp, value } of rows) {
      parameters.push('default', firstSeries + BigInt(series), BigInt(step), BigInt(timestamp), encodeFloat64(value));
    }
    statement.run(...parameters);
  };
  return {
    insert: (firstSeries, points) => {
      for (let from = 0; from < points.length; from += TRANSACTION_POINTS) {
        bare.exec('begin immediate');
        const end = Math.min(points.length, from + TRANSACTION_POINTS);
        for (let at = from; at < end; at += ROWS) insertRows(firstSeries, points.slice(at, at + ROWS));
        bare.exec('commit');
      }
    },
    close: () => void bare.close(),
  };
}
