import type { Stage } from '../stage.ts';
import type { Micros } from './calendar.ts';
import { flightIdAt, type FlightTable } from './flight-table.ts';
import { OBJECTIVE } from './send-day.ts';

const CALL_ROWS = 10_000;

interface Pending {
  readonly id: string;
  readonly late: number;
  readonly knownAt: Micros;
}

/** What became of flights that were asked about, told when it is known and not before. */
export class Outcomes {
  #pending: Pending[] = [];

  /** Flights of a day that were asked about. */
  expect(flights: FlightTable, day: string): void {
    for (const row of flights.days.get(day) ?? [])
      this.#pending.push({
        id: flightIdAt(flights, row),
        late: flights.late[row] ?? 0,
        knownAt: flights.knownAt[row] ?? 0,
      });
  }

  /** Hands over what is known by then. @returns how many. */
  async tell(stage: Stage, until: Micros): Promise<number> {
    const known = this.#pending.filter(({ knownAt }) => knownAt <= until);
    this.#pending = this.#pending.filter(({ knownAt }) => knownAt > until);
    for (let from = 0; from < known.length; from += CALL_ROWS) {
      const some = known.slice(from, from + CALL_ROWS);
      await stage.attempt(() =>
        stage.alice.monitoring.recordOutcomes({
          objective: OBJECTIVE,
          prediction_ids: some.map(({ id }) => id),
          labels: some.map(({ late }) => late),
          observed_micros: some.map(({ knownAt }) => String(knownAt)),
        }),
      );
    }
    return known.length;
  }
}
