import { setTimeout as delay } from 'node:timers/promises';
import type { Alert__Output, DayWindow__Output } from '@slipway/contracts/slipway.monitoring.v1';
import type { Stage } from '../stage.ts';
import { DAY, MORNING, startOf, timestamp } from './calendar.ts';
import type { FlightTable } from './flight-table.ts';
import { Outcomes } from './outcomes.ts';
import { assignDay, OBJECTIVE, sendDay, type Assignments } from './send-day.ts';

/** What the morning shift found, on the day that begins then. */
export interface Morning {
  readonly day: string;
  readonly windows: readonly DayWindow__Output[];
  readonly alerts: readonly Alert__Output[];
}

const ARRIVED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 10;
/** Telemetry may be lost with a process that dies: then the day is sent again, and what arrived counts once. */
const SEND_AGAIN_AFTER_MS = 5_000;

interface SentDay {
  readonly day: string;
  readonly rows: number;
  readonly flights: FlightTable;
  /** As they were made: whoever sends a day again asks the same models. */
  readonly assignments: Assignments;
}

/** Days in simulated time, one after the other: units of a day are assigned at midnight; at six in the morning the day before is looked at. */
export class Days {
  readonly #stage: Stage;
  readonly #outcomes = new Outcomes();
  #yesterday: SentDay | undefined;
  #flights = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Flights asked about so far. */
  get flights(): number {
    return this.#flights;
  }

  /** Asks about all flights of a day, and lets the morning shift judge the one before. */
  async play(flights: FlightTable, day: string): Promise<Morning> {
    const assignments = await assignDay(this.#stage, flights, day);
    this.#outcomes.expect(flights, day);
    // the night before is judged while the day's flights are asked about: neither needs the other
    const [rows, morning] = await Promise.all([sendDay(this.#stage, flights, day, assignments), this.#look(day)]);
    this.#flights += rows;
    this.#yesterday = { day, rows, flights, assignments };
    return morning;
  }

  /** The morning after the last day. */
  async end(day: string): Promise<Morning> {
    return this.#look(day);
  }

  async #look(day: string): Promise<Morning> {
    const stage = this.#stage;
    const now = startOf(day) + MORNING;
    if (this.#yesterday) await this.#untilArrived(this.#yesterday);
    await this.#outcomes.tell(stage, now);
    const { windows, alerts } = await stage.attempt(() =>
      stage.alice.monitoring.evaluateWindows({ objective: OBJECTIVE, until: timestamp(now) }),
    );
    return { day, windows, alerts };
  }

  async #untilArrived({ day, rows, flights, assignments }: SentDay): Promise<void> {
    const stage = this.#stage;
    const range = { from: timestamp(startOf(day)), until: timestamp(startOf(day) + DAY) };
    const giveUpAt = performance.now() + ARRIVED_WITHIN_MS;
    let sendAgainAt = performance.now() + SEND_AGAIN_AFTER_MS;
    let seen = -1;
    for (;;) {
      const { predictions } = await stage.attempt(() =>
        stage.alice.monitoring.getCoverage({ objective: OBJECTIVE, ...range }),
      );
      const arrived = Number(predictions);
      if (arrived >= rows) return;
      if (performance.now() > giveUpAt)
        throw new Error(`${arrived} of the ${rows} predictions of ${day} have reached the monitor`);
      if (arrived > seen) sendAgainAt = performance.now() + SEND_AGAIN_AFTER_MS;
      seen = arrived;
      if (performance.now() > sendAgainAt) {
        await sendDay(stage, flights, day, assignments);
        sendAgainAt = performance.now() + SEND_AGAIN_AFTER_MS;
      }
      await delay(LOOK_EVERY_MS);
    }
  }
}
