import type { Assignment__Output } from '@slipway/contracts/slipway.routing.v1';
import type { PredictRequest } from '@slipway/contracts/slipway.serving.v1';
import { DELAY_FEATURES, featureReference, SCHEDULE_FEATURES } from '../flights.ts';
import type { Stage } from '../stage.ts';
import { startOf, timestamp } from './calendar.ts';
import { flightIdAt, messageColumn, textOf, type FlightTable } from './flight-table.ts';

export const OBJECTIVE = 'late-departure';
const BLOCK_ROWS = 1000;
const CALLS_IN_FLIGHT = 4;

/** Which model answers for each origin of a day. */
export type Assignments = ReadonlyMap<string, Assignment__Output>;

/** Asks the router once for each origin of a day: the unit of an experiment is an origin on a day. */
export async function assignDay(stage: Stage, flights: FlightTable, day: string): Promise<Assignments> {
  const rows = flights.days.get(day) ?? new Uint32Array();
  const origins = [...new Set(Array.from(rows, (row) => textOf(flights.origins, row)))].sort();
  const units = { day: { strings: { values: origins.map(() => day) } }, origin: { strings: { values: origins } } };
  const { assignments } = await stage.attempt(() => stage.alice.routing.assign({ objective: OBJECTIVE, units }));
  return new Map(origins.map((origin, index) => [origin, assignments[index] as Assignment__Output]));
}

/** Asks the model that the router named for each flight of a day. @returns flights asked about. */
export async function sendDay(
  stage: Stage,
  flights: FlightTable,
  day: string,
  assignments: Assignments,
): Promise<number> {
  const rows = flights.days.get(day) ?? new Uint32Array();
  const requests = [...blocksOf(flights, rows, assignments)].map(
    ({ rows: of, tokens, tokenOfRow }): PredictRequest => ({
      assignments: tokens,
      assignment_of_row: tokenOfRow,
      prediction_ids: Array.from(of, (row) => flightIdAt(flights, row)),
      request_features: Object.fromEntries(
        SCHEDULE_FEATURES.map((name) => [name, messageColumn(flights.table, name, of)]),
      ),
      features: Object.fromEntries(
        DELAY_FEATURES.map((name) => [featureReference(name), messageColumn(flights.table, name, of)]),
      ),
      as_of: timestamp(startOf(day)),
      outputs: ['probability'],
    }),
  );
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let request = requests[next++]; request; request = requests[next++]) {
      const asked = request;
      await stage.attempt(() => stage.alice.predictions.predict(asked));
    }
  };
  await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, worker));
  return rows.length;
}

interface Block {
  readonly rows: Uint32Array;
  readonly tokens: string[];
  readonly tokenOfRow: number[];
}

/** Flights that go to the same deployment, at most so many at once. */
function* blocksOf(
  flights: FlightTable,
  rows: Uint32Array,
  assignments: Assignments,
): Generator<Block, void, undefined> {
  const byDeployment = Map.groupBy(
    rows,
    (row) => assignments.get(textOf(flights.origins, row))?.deployment?.alias ?? '',
  );
  for (const group of byDeployment.values()) {
    for (let from = 0; from < group.length; from += BLOCK_ROWS) {
      const block = Uint32Array.from(group.slice(from, from + BLOCK_ROWS));
      const tokens = new Map<string, number>();
      const tokenOfRow = Array.from(block, (row) => {
        const token = assignments.get(textOf(flights.origins, row))?.token ?? '';
        const known = tokens.get(token) ?? tokens.size;
        tokens.set(token, known);
        return known;
      });
      yield { rows: block, tokens: [...tokens.keys()], tokenOfRow };
    }
  }
}
