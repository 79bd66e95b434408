import { join } from 'node:path';
import type { ColumnType, IngestJob, PointInTimeJob, ViewTable } from '@slipway/plugin-kit';
import { sized } from '@slipway/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type OpenStore } from './testing/open-store.ts';

// Real flights, the data of the demo: times to the minute with many ties, half of them known before their scheduled time.
const FLIGHTS = join(import.meta.dirname, '../../../../node_modules/vega-datasets/data/flights-3m.parquet');
const signal = new AbortController().signal;
const MINUTE = 60_000_000n;
const HOUR = 60n * MINUTE;
const SAMPLES = sized({ small: 100, full: 4_000 });
/** Airports whose flights are compared: one of the largest and some small ones. All of them would be a million objects. */
const AIRPORTS = ['ATL', 'LGA', 'ABQ', 'BTV', 'ANC'];
const IN_AIRPORTS = `origin IN (${AIRPORTS.map((airport) => `'${airport}'`).join(', ')})`;

interface Flight {
  readonly event: bigint;
  readonly created: bigint;
  readonly arrival: bigint;
  readonly origin: string;
  readonly delay: bigint;
}

const column = (name: string, type: ColumnType, rules: IngestJob['columns'][number]['rules'] = {}) => ({
  name,
  type,
  rules,
});
const columns = [
  column('date', 'timestamp', { required: true }),
  column('known', 'timestamp'),
  column('delay', 'integer', { minimum: -60, maximum: 1440 }),
  column('distance', 'integer'),
  column('origin', 'string', { required: true, pattern: '[A-Z0-9]{3}' }),
  column('destination', 'string'),
];

describe('flights of 2001', { timeout: 120_000 }, () => {
  let open: OpenStore;
  let accepted: string;
  let flights: ReadonlyMap<string, readonly Flight[]>;
  beforeAll(async () => {
    open = await openStore();
    const file = join(open.directory, 'flights.parquet');
    await open.sql(
      `COPY (SELECT *, date + to_minutes(delay) AS known FROM '${FLIGHTS}' WHERE date < TIMESTAMP '2001-04-01') TO '${file}'`,
    );
    accepted = join(open.directory, 'accepted.parquet');
    const result = await open.store.ingest(
      {
        input: { file, format: 'parquet' },
        columns,
        eventTime: 'date',
        createdTime: 'known',
        uniqueKey: [],
        firstArrival: 0n,
        acceptedFile: accepted,
        rejectedFile: join(open.directory, 'rejected.parquet'),
      },
      signal,
    );
    expect(result.acceptedRows).toBe(1_477_816);
    flights = await readFlights(open, accepted);
  });
  afterAll(() => open.close());

  it('hold 142 delays below -60 minutes and 8 above a day', async () => {
    const job: IngestJob = {
      input: { file: FLIGHTS, format: 'parquet' },
      columns: columns.filter(({ name }) => name !== 'known'),
      eventTime: 'date',
      uniqueKey: [],
      firstArrival: 0n,
      acceptedFile: join(open.directory, 'all.parquet'),
      rejectedFile: join(open.directory, 'all-rejected.parquet'),
    };
    const result = await open.store.ingest(job, signal);
    expect(result).toMatchObject({ acceptedRows: 2_999_850, rejectedRows: 150 });
    expect(result.rejections).toEqual([
      { column: 'delay', rule: 'minimum', rows: 142 },
      { column: 'delay', rule: 'maximum', rows: 8 },
    ]);
    expect(await open.store.readRejected(job.rejectedFile, 0n, 1000, signal)).toHaveLength(150);
  });

  it.each([true, false])(
    'are joined as nested loops would, with the cut-off to the same bits by one thread and by four; cut-off %s',
    async (createdCutoff) => {
      const job = joinJob(accepted, createdCutoff);
      const first = await open.store.joinPointInTime(
        { ...job, outputFile: join(open.directory, `joined-${createdCutoff}.parquet`) },
        signal,
      );
      expect(first.rows).toBe(1_477_816);
      const joined = join(open.directory, `joined-${createdCutoff}.parquet`);
      const sampled = await open.sql(
        `SELECT epoch_us(date), origin, delay, last, mean_1h, mean_24h FROM '${joined}' WHERE ${IN_AIRPORTS} ` +
          `ORDER BY hash(date, origin, delay) LIMIT ${SAMPLES}`,
      );
      expect(sampled).toHaveLength(SAMPLES);
      for (const [date, origin, , ...found] of sampled)
        expect(found).toEqual(expected(flights.get(String(origin)) ?? [], BigInt(String(date)), createdCutoff));
      for (const threads of createdCutoff ? [1, 4] : []) {
        const other = await openStore({ threads, memoryMebibytes: 512 });
        const { contentSha256 } = await other.store.joinPointInTime(
          { ...job, outputFile: join(other.directory, 'joined.parquet') },
          signal,
        );
        await other.close();
        expect(contentSha256).toBe(first.contentSha256);
      }
    },
  );
});

async function readFlights(open: OpenStore, file: string): Promise<ReadonlyMap<string, readonly Flight[]>> {
  const flights = new Map<string, Flight[]>();
  for (const [event, created, arrival, origin, delay] of await open.sql(
    `SELECT epoch_us(__event), epoch_us(__created), __arrival, origin, delay FROM '${file}' WHERE ${IN_AIRPORTS}`,
  )) {
    const flight = {
      event: event as bigint,
      created: created as bigint,
      arrival: arrival as bigint,
      origin: String(origin),
      delay: delay as bigint,
    };
    const same = flights.get(flight.origin);
    if (same) same.push(flight);
    else flights.set(flight.origin, [flight]);
  }
  return flights;
}

/** The features of one entity row by a loop over all flights of its airport. Means of integers: the sum is exact, so the quotient has one value. */
function expected(flights: readonly Flight[], at: bigint, createdCutoff: boolean): readonly (bigint | number | null)[] {
  const counts = (flight: Flight): boolean =>
    flight.event <= at && flight.event >= at - 24n * HOUR && (!createdCutoff || flight.created <= at);
  const winner = flights
    .filter(counts)
    .reduce<Flight | undefined>((best, flight) => (best && !beats(flight, best) ? best : flight), undefined);
  if (!winner) return [null, null, null];
  const means = [1n, 24n].map((hours) => {
    const delays = flights
      .filter((flight) => known(flight) <= known(winner) && known(flight) >= known(winner) - hours * HOUR)
      .map(({ delay }) => delay);
    return Number(delays.reduce((a, b) => a + b, 0n)) / delays.length;
  });
  return [winner.delay, ...means];
}

const known = ({ event, created }: Flight): bigint => (event > created ? event : created);

const beats = (a: Flight, b: Flight): boolean =>
  a.event !== b.event ? a.event > b.event : a.created !== b.created ? a.created > b.created : a.arrival > b.arrival;

function joinJob(accepted: string, createdCutoff: boolean): Omit<PointInTimeJob, 'outputFile'> {
  const mean = (hours: bigint): ViewTable['features'][number] => ({
    name: `mean_${hours}h`,
    type: 'number',
    from: { aggregation: { function: 'mean', column: 'delay', windowMicros: hours * HOUR } },
  });
  const view: ViewTable = {
    name: 'delays',
    files: [accepted],
    snapshotId: 'january to march',
    keys: [{ name: 'origin', type: 'string' }],
    features: [{ name: 'delay', type: 'integer', from: { column: 'delay' } }, mean(1n), mean(24n)],
  };
  const features = [
    { feature: 'delay', output: 'last' },
    { feature: 'mean_1h', output: 'mean_1h' },
    { feature: 'mean_24h', output: 'mean_24h' },
  ];
  return {
    entities: { file: accepted, format: 'parquet' },
    entityColumns: [
      { name: 'date', type: 'timestamp' },
      { name: 'origin', type: 'string' },
      { name: 'delay', type: 'integer' },
    ],
    eventTime: 'date',
    views: [{ view, entityColumns: ['origin'], features, ttlMicros: 24n * HOUR, createdCutoff }],
    onProgress: () => undefined,
  };
}
