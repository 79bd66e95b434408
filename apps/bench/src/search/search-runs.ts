import { createClient, type ClientTransport } from '@slipway/clients';
import { trackingService } from '@slipway/contracts/slipway.tracking.v1';
import type { RandomRows } from '../measure/random-rows.ts';

export const METRICS = 50;
export const PARAMS = 20;
/** Distinct values of each param. */
export const PARAM_VALUES = 50;
/** Distinct values of the tag `team`. */
export const TEAMS = 20;
const START_MS = 986_688_000_000;
const CALLERS = 32;

/** One run as it was logged: run n began n seconds after run 0. */
export interface LoggedRun {
  readonly id: string;
  readonly number: number;
  /** By number of the metric, in [0, 1). */
  readonly metrics: Float32Array;
  /** By number of the param. */
  readonly params: readonly string[];
  readonly team: string;
}

export const paramValue = (index: number): string => `value-${index % PARAM_VALUES}`;
export const teamOf = (index: number): string => `team-${index % TEAMS}`;

/** Creates `count` runs of one experiment and logs to each with one LogBatch, many callers at a time. @returns them in no order. */
export async function logRuns(
  transport: ClientTransport,
  count: number,
  random: RandomRows,
  signal: AbortSignal,
): Promise<{ readonly experiment: string; readonly runs: readonly LoggedRun[] }> {
  const client = createClient(trackingService, transport);
  const { experiment } = await client.createExperiment({ name: 'searched' });
  const id = experiment?.experiment_id ?? '';
  const values = random.floats('searched metrics', count * METRICS).map((value) => (value + 1) / 2);
  const choices = random.floats('searched params', count * (PARAMS + 1));
  const choice = (run: number, place: number): number =>
    Math.floor(((choices[run * (PARAMS + 1) + place] ?? 0) + 1) * 10_000);
  const runs: LoggedRun[] = [];
  let next = 0;
  const log = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      signal.throwIfAborted();
      const metrics = values.subarray(number * METRICS, (number + 1) * METRICS);
      const params = Array.from({ length: PARAMS }, (_, place) => paramValue(choice(number, place)));
      const team = teamOf(choice(number, PARAMS));
      const { run } = await client.createRun({ experiment_id: id, start_time: START_MS + number * 1_000 });
      const run_id = run?.run_id ?? '';
      await client.logBatch({
        run_id,
        metrics: Array.from(metrics, (value, index) => ({
          key: `metric-${index}`,
          step: 0,
          timestamp: START_MS,
          value,
        })),
        params: Object.fromEntries(params.map((value, index) => [`param-${index}`, value])),
        tags: { team },
      });
      runs.push({ id: run_id, number, metrics, params, team });
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, log));
  return { experiment: id, runs };
}
