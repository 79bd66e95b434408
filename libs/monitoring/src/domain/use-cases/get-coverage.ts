import type { Micros } from '@slipway/kernel';
import { decodeOutcomeBlock } from '../blocks/outcome-block.ts';
import { decodePredictionBlock } from '../blocks/prediction-block.ts';
import { DAY_MAX, DAY_MIN, dayOf, type Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import { tooManyDays } from '../errors.ts';
import { NO_LABEL, type DayJoin } from '../join/day-join.ts';
import { fingerprintsOf, outcomeDays, pagesOf, visitDay, type DayScope } from '../join/read-day.ts';
import { BLOCKS_PER_READ, DAYS_PER_CALL } from '../limits.ts';
import type { Call } from '../unit-of-work.ts';
import { getMonitor } from './read-monitors.ts';

export interface Coverage {
  readonly predictions: number;
  readonly labelled: number;
  readonly unmatchedOutcomes: number;
}

type Bounds = { readonly from: number; readonly until: number };
type Reading = Pick<MonitoringDependencies, 'unitOfWork'>;

/**
 * How many distinct predictions of a time there are, how many of them have an outcome, and how many predictions are named by outcomes observed in
 * this time and are not known on any day that such an outcome can belong to.
 * @param time undefined for no bound. @throws {ExhaustedError} reason DAYS_PER_CALL, counting days with predictions or outcomes.
 */
export async function getCoverage(
  call: Call,
  { objective, from, until }: { readonly objective: string; readonly from?: Micros; readonly until?: Micros },
  deps: Reading,
  signal: AbortSignal,
): Promise<Coverage> {
  const monitor = await getMonitor(call, objective, deps);
  const scope = { workspace: call.caller.workspace, monitor };
  const bounds = { from: Number(from ?? -(2n ** 53n)), until: Number(until ?? 2n ** 53n) };
  const range = {
    from: from === undefined ? DAY_MIN : dayOf(from),
    until: until === undefined ? DAY_MAX : dayOf(until - 1n) + 1,
  };
  const { predicted, observed } = await deps.unitOfWork.read(scope, async ({ blocks }) => ({
    predicted: [...(await blocks.predictionCounts(objective, range)).keys()],
    observed: [...(await blocks.outcomeCounts(objective, range)).keys()],
  }));
  if (Math.max(predicted.length, observed.length) > DAYS_PER_CALL) throw tooManyDays();
  const counts = { predictions: 0, labelled: 0 };
  for (const day of predicted) await countPredictions(scope, day, bounds, counts, deps, signal);
  const unmatchedOutcomes = await countUnmatched(scope, observed, bounds, deps, signal);
  return { ...counts, unmatchedOutcomes };
}

async function countPredictions(
  scope: DayScope,
  day: Day,
  { from, until }: Bounds,
  counts: { predictions: number; labelled: number },
  deps: Reading,
  signal: AbortSignal,
): Promise<void> {
  const inputs = await deps.unitOfWork.read(scope, (reads) => fingerprintsOf(reads, scope, [day]));
  const share = (join: DayJoin): void => {
    for (let row = 0; row < join.rows; row += 1) {
      const time = join.times.get(row);
      if (time < from || time >= until) continue;
      counts.predictions += 1;
      if (join.labelOf(row) !== NO_LABEL) counts.labelled += 1;
    }
  };
  await visitDay(scope, day, { rows: inputs.get(day)?.rows ?? 0 }, { share }, deps, signal);
}

/** Day of observation by day, with the ids of the predictions around it: no more than these are in memory. */
async function countUnmatched(
  scope: DayScope,
  observed: readonly Day[],
  { from, until }: Bounds,
  deps: Reading,
  signal: AbortSignal,
): Promise<number> {
  const { objective } = scope.monitor;
  const known = new Map<Day, ReadonlySet<string>>();
  let unmatched = 0;
  for (const day of observed.toSorted((left, right) => left - right)) {
    const around = predictionDays(scope, day);
    for (const old of known.keys()) if (old < around.from) known.delete(old);
    for (let at = around.from; at < around.until; at += 1) {
      if (!known.has(at)) known.set(at, await idsOf(scope, at, deps, signal));
    }
    const sets = [...known.values()];
    const missing = new Set<string>();
    const read = (after: string) =>
      deps.unitOfWork.read(scope, ({ blocks }) => blocks.outcomes(objective, day, after, BLOCKS_PER_READ));
    for await (const { payload } of pagesOf(read, signal)) {
      const { ids, observed: times } = decodeOutcomeBlock(payload);
      ids.forEach((id, index) => {
        const time = times[index] ?? 0;
        if (time >= from && time < until && !sets.some((set) => set.has(id))) missing.add(id);
      });
    }
    unmatched += missing.size;
  }
  return unmatched;
}

/** The days whose predictions an outcome observed on this day can belong to: `outcomeDays` the other way round. */
function predictionDays(scope: DayScope, observed: Day): Bounds {
  const { from, until } = outcomeDays(scope, 0);
  return { from: observed - until + 1, until: observed - from + 1 };
}

async function idsOf(scope: DayScope, day: Day, { unitOfWork }: Reading, signal: AbortSignal): Promise<Set<string>> {
  const { objective } = scope.monitor;
  const found = new Set<string>();
  const read = (after: string) =>
    unitOfWork.read(scope, ({ blocks }) => blocks.predictions(objective, day, after, BLOCKS_PER_READ));
  for await (const { payload } of pagesOf(read, signal)) {
    for (const id of decodePredictionBlock(payload).ids) found.add(id);
  }
  return found;
}
