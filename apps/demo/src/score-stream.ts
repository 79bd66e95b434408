import { setTimeout as delay } from 'node:timers/promises';
import type { StreamStatus__Output } from '@slipway/contracts/slipway.serving.v1';
import { CHAMPION } from './champion.ts';
import { flightIdAt, textOf, type FlightTable } from './days/flight-table.ts';
import { DELAY_FEATURES, featureReference, SCHEDULE_FEATURES } from './flights.ts';
import { BATCH_TABLE } from './score-batch.ts';
import type { Stage } from './stage.ts';

export const STREAM = 'departures';
export const STREAM_TABLE = 'flight-delay-stream';
const CALL_EVENTS = 500;
const SCORED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 100;

export interface StreamOutcome {
  readonly events: number;
  /** Flights whose prediction is stored, and those whose prediction has exactly the bits of the batch. */
  readonly stored: number;
  readonly asInBatch: number;
  readonly eventsPerSecond: number;
  /** From the arrival of an event on the bus to its result there. */
  readonly latencyMsP99: number;
}

/** Publishes each flight as an event, waits until each has its result, and compares them with those of the batch. @param wanted rows of the table. */
export async function scoreStream(stage: Stage, flights: FlightTable, wanted: Uint32Array): Promise<StreamOutcome> {
  const { alice, model, screen, attempt } = stage;
  await attempt(() =>
    alice.streams.createStream({
      name: STREAM,
      model: `${model}@${CHAMPION}`,
      table: STREAM_TABLE,
      table_keys: ['flight_id'],
      request_id: `${model}-stream`,
    }),
  );
  const rows = wanted.toSorted((left, right) => (flights.scheduledAt[left] ?? 0) - (flights.scheduledAt[right] ?? 0));
  const began = performance.now();
  await publish(stage, flights, rows);
  const giveUpAt = performance.now() + SCORED_WITHIN_MS;
  for (;;) {
    const status = await untilScored(stage, rows.length);
    const seconds = (performance.now() - began) / 1000;
    screen.progress('stream: compare with the batch');
    const found = await compare(stage, flights, rows);
    // what the broker counts as waiting may be of a moment ago: the table tells
    if (found.stored < rows.length && performance.now() < giveUpAt) continue;
    const speed = { eventsPerSecond: rows.length / seconds, latencyMsP99: status.latency_p99_micros / 1000 };
    return { events: rows.length, ...found, ...speed };
  }
}

async function publish(stage: Stage, flights: FlightTable, rows: Uint32Array): Promise<void> {
  const events = Array.from(rows, (row) => ({
    id: flightIdAt(flights, row),
    key: textOf(flights.origins, row),
    time_micros: String(flights.scheduledAt[row] ?? 0),
    data_json: JSON.stringify(dataOf(flights, row)),
  }));
  // one call after the other: the flights of an origin are to be scored in their order
  for (let from = 0; from < events.length; from += CALL_EVENTS) {
    const some = events.slice(from, from + CALL_EVENTS);
    await stage.attempt(() => stage.alice.streams.publishEvents({ stream: STREAM, events: some }));
    stage.screen.progress(`stream: ${from} of ${events.length} events`);
  }
}

function dataOf(flights: FlightTable, row: number): Record<string, string | number | null> {
  const { table } = flights;
  const valueOf = (name: string): string | number | null => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column?.kind === 'categorical') return textOf(column, row);
    const value = column?.values[row] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  };
  return {
    flight_id: flightIdAt(flights, row),
    origin: textOf(flights.origins, row),
    ...Object.fromEntries(SCHEDULE_FEATURES.map((name) => [name, valueOf(name)])),
    ...Object.fromEntries(DELAY_FEATURES.map((name) => [featureReference(name), valueOf(name)])),
  };
}

async function untilScored(stage: Stage, events: number): Promise<StreamStatus__Output> {
  const giveUpAt = performance.now() + SCORED_WITHIN_MS;
  for (;;) {
    const { stream } = await stage.attempt(() => stage.alice.streams.getStream({ name: STREAM }));
    const status = stream?.status;
    if (status && status.state === 'active' && Number(status.pending) === 0) return status;
    if (performance.now() > giveUpAt)
      throw new Error(`${status?.pending ?? 'unknown'} of ${events} events have no result`);
    stage.screen.progress(`stream: ${status?.pending ?? '?'} events have no result yet`);
    await delay(LOOK_EVERY_MS);
  }
}

/** Looks each flight up in the tables of stream and batch. */
async function compare(
  { alice, attempt }: Stage,
  flights: FlightTable,
  rows: Uint32Array,
): Promise<Pick<StreamOutcome, 'stored' | 'asInBatch'>> {
  let [stored, asInBatch] = [0, 0];
  for (let from = 0; from < rows.length; from += 1000) {
    const values = Array.from(rows.subarray(from, from + 1000), (row) => flightIdAt(flights, row));
    const read = async (table: string) => {
      const { outputs, statuses } = await attempt(() =>
        alice.features.getPredictions({ table, keys: { flight_id: { strings: { values } } } }),
      );
      return { probabilities: outputs['probability']?.numbers?.values ?? [], statuses };
    };
    const [stream, batch] = [await read(STREAM_TABLE), await read(BATCH_TABLE)];
    for (const [index, status] of stream.statuses.entries()) {
      if (status !== 'STORED_PREDICTION_STATUS_STORED') continue;
      stored += 1;
      if (batch.statuses[index] === status && Object.is(stream.probabilities[index], batch.probabilities[index]))
        asInBatch += 1;
    }
  }
  return { stored, asInBatch };
}
