import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createIdSource, silentLogger, systemClock, systemRandom } from '@slipway/kernel';
import { offlineStoreDuckdbPlugin } from '@slipway/offline-store-duckdb';
import type { JoinedView, OfflineStore, PointInTimeJob } from '@slipway/plugin-kit';
import type { BenchRow, RowContext } from '../bench-row.ts';
import { Opened } from '../measure/opened.ts';
import { interleave } from '../measure/rounds.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { openDuckdb, type Duckdb } from './duckdb.ts';
import { JOINED, prepareFlights, type Flights } from './flights.ts';
import { compareJoins, joinSql, prepareSql } from './hand-written-join.ts';

const BOUNDS = { threads: 2, memoryMebibytes: 2048 };
const TTL_MICROS = 24n * 3_600_000_000n;
const SIZES = { full: { rows: 3_000_000, labels: 500_000 }, smoke: { rows: 100_000, labels: 20_000 } };

/** One side's time in seconds; of ours also from the end of the join on, which is the content hash and the flush to the disk. */
interface Joined {
  readonly seconds: number;
  readonly hashSeconds: number;
}

/** Labels joined to flights as they were known at the time of the label, by our store and by what is fastest in SQL. */
export const joinRow: BenchRow = {
  name: 'join',
  title: 'point-in-time join with created cut-off on flights, against running arg-max and ASOF join by hand',
  run: async (context) => {
    const { options, note, progress, signal } = context;
    await using opened = new Opened();
    const directory = opened.directory();
    const { store, duckdb } = await openSides(directory, opened, signal);
    const size = options.smoke ? SIZES.smoke : SIZES.full;
    progress(`ingesting ${size.rows} flights`);
    const flights = await prepareFlights(store, duckdb, directory, { ...size, seed: options.seed }, signal);
    const sides = new Sides(store, duckdb, flights, directory, signal);
    progress('building both indexes');
    const built = await sides.prepare();
    note(
      `once for ${flights.acceptedRows} flights of ${size.rows}: our index ${built.ours.toFixed(2)} s, the running arg-max by hand ${built.byHand.toFixed(2)} s`,
    );
    const { rows, found } = await sides.compare();
    note(`all ${rows} rows are the same on both sides, ${found} of them with features`);
    const measured = await interleave({ ours: () => sides.ours(), byHand: () => sides.byHand() }, options.rounds, {
      warmUp: true,
      signal,
      onRound: (round) => progress(`round ${round} of ${options.rounds}`),
    });
    return [resultOf(context, rows, flights.acceptedRows, measured)];
  },
};

function resultOf(
  { note }: RowContext,
  rows: number,
  flights: number,
  measured: { readonly ours: readonly Joined[]; readonly byHand: readonly Joined[] },
) {
  const ours = measured.ours.map(({ seconds }) => seconds);
  const byHand = measured.byHand.map(({ seconds }) => seconds);
  const hash = spreadOf(measured.ours.map(({ hashSeconds }) => hashSeconds));
  const share = spreadOf(measured.ours.map(({ seconds, hashSeconds }) => hashSeconds / seconds));
  const rest = ratioOf(
    measured.ours.map(({ seconds, hashSeconds }) => seconds - hashSeconds),
    byHand,
  );
  const parts =
    `content hash and flush to the disk take ${hash.median.toFixed(3)} s, ${(share.median * 100).toFixed(0)}% of our time; ` +
    `without them the ratio is ${rest.median.toFixed(2)}`;
  note(parts);
  return {
    work: `point-in-time join, ${rows} labels over ${flights} flights, index there, to Parquet`,
    unit: 's',
    ours: spreadOf(ours),
    limit: { name: 'by hand', value: spreadOf(byHand) },
    ratio: ratioOf(ours, byHand),
    budget: { atMost: 1.3 },
    cause: parts,
  };
}

async function openSides(
  directory: string,
  opened: Opened,
  signal: AbortSignal,
): Promise<{ readonly store: OfflineStore; readonly duckdb: Duckdb }> {
  const [dataDirectory, spillDirectory] = [join(directory, 'store'), join(directory, 'spill')];
  mkdirSync(dataDirectory);
  const store = offlineStoreDuckdbPlugin.create(offlineStoreDuckdbPlugin.parseConfig(BOUNDS), {
    clock: systemClock,
    ids: createIdSource(systemClock, systemRandom),
    log: silentLogger,
    dataDirectory,
  });
  await store.open(signal);
  opened.onEnd(() => store.close());
  const duckdb = await openDuckdb(spillDirectory, BOUNDS);
  opened.onEnd(() => duckdb.close());
  return { store, duckdb };
}

/** Both ways to the same file. */
class Sides {
  readonly #store: OfflineStore;
  readonly #duckdb: Duckdb;
  readonly #flights: Flights;
  readonly #signal: AbortSignal;
  readonly #index: string;
  readonly #outputs: { readonly ours: string; readonly byHand: string };

  constructor(store: OfflineStore, duckdb: Duckdb, flights: Flights, directory: string, signal: AbortSignal) {
    this.#store = store;
    this.#duckdb = duckdb;
    this.#flights = flights;
    this.#signal = signal;
    this.#index = join(directory, 'arg-max.parquet');
    this.#outputs = { ours: join(directory, 'ours.parquet'), byHand: join(directory, 'by-hand.parquet') };
  }

  /** Seconds that the index of each side takes: for ours until the join begins. */
  async prepare(): Promise<{ readonly ours: number; readonly byHand: number }> {
    const began = performance.now();
    let built = Number.NaN;
    await this.#join(({ done }) => {
      if (done === 1) built = (performance.now() - began) / 1000;
    });
    const byHand = await secondsOf(() => this.#duckdb.sql(prepareSql(this.#flights, this.#index)));
    return { ours: built, byHand };
  }

  async ours(): Promise<Joined> {
    let joined = Number.NaN;
    const began = performance.now();
    const seconds = await secondsOf(() =>
      this.#join(({ done, total }) => {
        if (done === total - 1) joined = (performance.now() - began) / 1000;
      }),
    );
    return { seconds, hashSeconds: seconds - joined };
  }

  async byHand(): Promise<Joined> {
    rmSync(this.#outputs.byHand, { force: true });
    const sql = joinSql(this.#flights, this.#index, this.#outputs.byHand, TTL_MICROS);
    return { seconds: await secondsOf(() => this.#duckdb.sql(sql)), hashSeconds: 0 };
  }

  async compare(): Promise<{ readonly rows: number; readonly found: number }> {
    await this.ours();
    await this.byHand();
    return compareJoins(this.#duckdb, this.#outputs.ours, this.#outputs.byHand);
  }

  async #join(onProgress: PointInTimeJob['onProgress']): Promise<void> {
    rmSync(this.#outputs.ours, { force: true });
    const { accepted, labels } = this.#flights;
    const job: PointInTimeJob = {
      entities: { file: labels, format: 'parquet' },
      entityColumns: [
        { name: 'label', type: 'integer' },
        { name: 'moment', type: 'timestamp' },
        { name: 'origin', type: 'string' },
      ],
      eventTime: 'moment',
      views: [viewOf(accepted)],
      outputFile: this.#outputs.ours,
      onProgress,
    };
    await this.#store.joinPointInTime(job, this.#signal);
  }
}

const viewOf = (accepted: string): JoinedView => ({
  view: {
    name: 'departures',
    files: [accepted],
    snapshotId: accepted,
    keys: [{ name: 'origin', type: 'string' }],
    features: JOINED.map(({ name, type }) => ({ name, type, from: { column: name } })),
  },
  entityColumns: ['origin'],
  features: JOINED.map(({ name }) => ({ feature: name, output: name })),
  ttlMicros: TTL_MICROS,
  createdCutoff: true,
});

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
