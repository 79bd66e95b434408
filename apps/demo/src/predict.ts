import type { Client } from '@slipway/clients';
import type { Column } from '@slipway/contracts/slipway.common.v1';
import type { PredictionService, PredictRequest, StageLatencies__Output } from '@slipway/contracts/slipway.serving.v1';
import type { TrainingTable } from '@slipway/plugin-kit';
import { DELAY_FEATURES, DELAY_VIEW, SCHEDULE_FEATURES } from './flights.ts';
import type { Principal } from './principals.ts';

/** Seconds since 1970. */
export type Moment = number;

/** Origin of each row, and the columns of its schedule. */
export interface Departures {
  readonly table: TrainingTable;
  readonly origins: readonly string[];
}

/** @param table with the column `origin` and those of the schedule. */
export function departuresOf(table: TrainingTable): Departures {
  const column = table.columns.find(({ name }) => name === 'origin');
  if (column?.kind !== 'categorical') throw new Error("no column 'origin'");
  return { table, origins: Array.from(column.codes, (code) => column.categories[code] ?? '') };
}

const columnOf = (table: TrainingTable, name: string, from: number, until: number): Column => {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) throw new Error(`no column '${name}'`);
  if (column.kind === 'numeric') return { numbers: { values: [...column.values.subarray(from, until)] } };
  return {
    strings: { values: Array.from(column.codes.subarray(from, until), (code) => column.categories[code] ?? '') },
  };
};

/** What is asked for rows `from` to `until`: the key, and what only the caller knows. Features of the key are fetched by the server. */
export function predictRequest(
  model: string,
  { table, origins }: Departures,
  [from, until]: readonly [number, number],
  asOf: Moment,
): PredictRequest {
  return {
    model,
    entities: { origin: { strings: { values: origins.slice(from, until) } } },
    request_features: Object.fromEntries(SCHEDULE_FEATURES.map((name) => [name, columnOf(table, name, from, until)])),
    as_of: { seconds: String(asOf) },
    outputs: ['probability'],
    objective: 'late-departure',
  };
}

export interface KeyedAnswer {
  readonly version: string;
  readonly probabilities: readonly number[];
  readonly latencies: StageLatencies__Output;
}

/** One call. @throws the error of the call. */
export async function predictByKey(client: Client<PredictionService>, request: PredictRequest): Promise<KeyedAnswer> {
  const { version, outputs, latencies } = await client.predict(request);
  const probabilities = outputs[0]?.values?.numbers?.values;
  if (!probabilities || !latencies) throw new Error('the server answered without probabilities or latencies');
  return { version, probabilities, latencies };
}

/** The table with the delay features that are online now for each origin, as a prediction at that time sees them. */
export async function withOnlineDelays(
  caller: Principal,
  { table, origins }: Departures,
  asOf: Moment,
): Promise<TrainingTable> {
  const distinct = [...new Set(origins)].sort();
  const { features } = await caller.features.getOnlineFeatures({
    features: DELAY_FEATURES.map((name) => `${DELAY_VIEW}:${name}`),
    entities: { origin: { strings: { values: distinct } } },
    as_of: { seconds: String(asOf) },
  });
  const position = new Map(distinct.map((origin, index) => [origin, index]));
  const columns = features.map(({ values, statuses }, index) => ({
    name: DELAY_FEATURES[index] ?? '',
    kind: 'numeric' as const,
    values: Float64Array.from(origins, (origin) => {
      const at = position.get(origin) ?? -1;
      return statuses[at] === 'FEATURE_STATUS_PRESENT' ? (values?.numbers?.values[at] ?? Number.NaN) : Number.NaN;
    }),
  }));
  return { ...table, columns: [...table.columns, ...columns] };
}
