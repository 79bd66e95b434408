import type { Micros } from '@slipway/kernel';
import { decodeOutcomeBlock } from '../blocks/outcome-block.ts';
import { countIn, type KnownIds } from '../coverage/known-ids.ts';
import { DAY_MAX, DAY_MIN, dayOf, startOf, type Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import { tooManyDays } from '../errors.ts';
import { NO_LABEL, type DayJoin } from '../join/day-join.ts';
import type { DayScope } from '../join/day-visitor.ts';
import { fingerprintsOf, outcomeDays, pagesOf, visitDay } from '../join/read-day.ts';
import { BLOCKS_PER_READ, DAYS_PER_CALL } from '../limits.ts';
import type { Call, DayRange } from '../unit-of-work.ts';
import { getMonitor } from './read-monitors.ts';

export interface Coverage {
  readonly predictions: number;
  readonly labelled: number;
  readonly unmatchedOutcomes: number;
}

export interface CoverageDependencies extends Pick<MonitoringDependencies, 'unitOfWork' | 'joinedDays'> {
  readonly knownIds: KnownIds;
}

/** What is asked for; whole days are answered from ids alone. */
interface Question {
  readonly scope: DayScope;
  /** Microseconds. */
  readonly from: number;
  readonly until: number;
  readonly deps: CoverageDependencies;
  readonly signal: AbortSignal;
}

/**
 * How many distinct predictions of a time there are, how many of them have an outcome, and how many predictions are named by outcomes observed in
 * this time and are not known on any day that such an outcome can belong to.
 * @param time undefined for no bound. @throws {ExhaustedError} reason DAYS_PER_CALL, counting days with predictions or outcomes.
 */
export async function getCoverage(
  call: Call,
  { objective, from, until }: { readonly objective: string; readonly from?: Micros; readonly until?: Micros },
  deps: CoverageDependencies,
  signal: AbortSignal,
): Promise<Coverage> {
  const monitor = await getMonitor(call, objective, deps);
  const scope = { workspace: call.caller.workspace, monitor };
  const bounds = { from: Number(from ?? -(2n ** 53n)), until: Number(until ?? 2n ** 53n) };
  const question: Question = { scope, ...bounds, deps, signal };
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
  for (const day of predicted) {
    const found = await (isWhole(day, question) ? countDay(day, question) : countPartOfDay(day, question));
    counts.predictions += found.predictions;
    counts.labelled += found.labelled;
  }
  let unmatchedOutcomes = 0;
  for (const day of observed) unmatchedOutcomes += await countUnmatched(day, question);
  return { ...counts, unmatchedOutcomes };
}

const isWhole = (day: Day, { from, until }: Question): boolean =>
  from <= Number(startOf(day)) && until >= Number(startOf(day + 1));

type DayCounts = Pick<Coverage, 'predictions' | 'labelled'>;

async function countDay(day: Day, { scope, deps: { knownIds }, signal }: Question): Promise<DayCounts> {
  const ids = (await knownIds.of('predictions', scope, [day], signal))[0] ?? new Set<string>();
  const outcomes = await knownIds.of('outcomes', scope, daysIn(outcomeDays(scope, day)), signal);
  return { predictions: ids.size, labelled: knownIds.countIn(ids, outcomes) };
}

const daysIn = ({ from, until }: DayRange): readonly Day[] =>
  Array.from({ length: until - from }, (_, at) => from + at);

async function countPartOfDay(day: Day, { scope, from, until, deps, signal }: Question): Promise<DayCounts> {
  const inputs = await deps.unitOfWork.read(scope, (reads) => fingerprintsOf(reads, scope, [day]));
  const counts = { predictions: 0, labelled: 0 };
  const share = (join: DayJoin): void => {
    for (let row = 0; row < join.rows; row += 1) {
      const time = join.times.get(row);
      if (time < from || time >= until) continue;
      counts.predictions += 1;
      if (join.labelOf(row) !== NO_LABEL) counts.labelled += 1;
    }
  };
  await visitDay(scope, day, { rows: inputs.get(day)?.rows ?? 0 }, { share }, deps, signal);
  return counts;
}

/** Of one day of observation. */
async function countUnmatched(day: Day, question: Question): Promise<number> {
  const { scope, deps, signal } = question;
  const { knownIds } = deps;
  const predictions = await knownIds.of('predictions', scope, daysIn(predictionDays(scope, day)), signal);
  if (isWhole(day, question)) {
    const ids = (await knownIds.of('outcomes', scope, [day], signal))[0] ?? new Set<string>();
    return ids.size - knownIds.countIn(ids, predictions);
  }
  const ids = await observedIn(day, question);
  return ids.size - countIn(ids, predictions);
}

async function observedIn(day: Day, { scope, from, until, deps, signal }: Question): Promise<ReadonlySet<string>> {
  const { objective } = scope.monitor;
  const found = new Set<string>();
  const read = (after: string) =>
    deps.unitOfWork.read(scope, ({ blocks }) => blocks.outcomes(objective, day, after, BLOCKS_PER_READ));
  for await (const { payload } of pagesOf(read, signal)) {
    const { ids, observed } = decodeOutcomeBlock(payload);
    ids.forEach((id, index) => {
      const time = observed[index] ?? 0;
      if (time >= from && time < until) found.add(id);
    });
  }
  return found;
}

/** The days whose predictions an outcome observed on this day can belong to: `outcomeDays` the other way round. */
function predictionDays(scope: DayScope, observed: Day): DayRange {
  const { from, until } = outcomeDays(scope, 0);
  return { from: observed - until + 1, until: observed - from + 1 };
}
