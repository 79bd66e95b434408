import { decodeOutcomeBlock } from '../blocks/outcome-block.ts';
import { decodePredictionBlock } from '../blocks/prediction-block.ts';
import type { Day } from '../day.ts';
import type { MonitoringDependencies } from '../dependencies.ts';
import { tooManyRows } from '../errors.ts';
import { BLOCKS_PER_READ, JOIN_PARTS_MAX, JOIN_ROWS_MAX, JOINED_ROWS_KEPT_MAX } from '../limits.ts';
import { labelDelayDays } from '../monitor.ts';
import type { BlockReads, DayRange, MonitoringReads, StoredBlock } from '../unit-of-work.ts';
import { DayJoin } from './day-join.ts';
import type { DayScope, DayVisitor } from './day-visitor.ts';

/**
 * Days of observation in which outcomes of a day are looked for: from the day before, since what happens earlier than predicted is known
 * earlier, too, until a day after the longest delay.
 */
export const outcomeDays = ({ monitor }: Pick<DayScope, 'monitor'>, day: Day): DayRange => ({
  from: day - 1,
  until: day + labelDelayDays(monitor) + 2,
});

/** Tells the blocks that belong to a day from those that there were before: blocks only become more. */
export async function fingerprintsOf(
  reads: Pick<MonitoringReads, 'blocks'>,
  scope: Pick<DayScope, 'monitor'>,
  days: readonly Day[],
): Promise<ReadonlyMap<Day, DayInputs>> {
  if (days.length === 0) return new Map();
  const [first, last] = [Math.min(...days), Math.max(...days)];
  const { objective } = scope.monitor;
  const predictions = await reads.blocks.predictionCounts(objective, { from: first, until: last + 1 });
  const range = { from: outcomeDays(scope, first).from, until: outcomeDays(scope, last).until };
  const outcomes = await reads.blocks.outcomeCounts(objective, range);
  return new Map(
    days.map((day) => {
      const { from, until } = outcomeDays(scope, day);
      let outcomeBlocks = 0;
      for (let at = from; at < until; at += 1) outcomeBlocks += outcomes.get(at)?.blocks ?? 0;
      const { blocks = 0, rows = 0 } = predictions.get(day) ?? {};
      return [day, { fingerprint: `${blocks}/${outcomeBlocks}/${until - from}`, rows }];
    }),
  );
}

export interface DayInputs {
  readonly fingerprint: string;
  /** With duplicates. */
  readonly rows: number;
}

/**
 * Joins a day, in shares of at most JOIN_ROWS_MAX predictions; a small one is kept in memory for the next visit. Blocks are read a few at a time, each time in a transaction of its own, so that
 * nobody waits for long.
 * @param rows of its blocks, duplicates included. @param until outcomes observed later are not known yet.
 * @throws {ExhaustedError} reason DAY_ROWS_MAX.
 */
export async function visitDay(
  scope: DayScope,
  day: Day,
  { rows, until }: { readonly rows: number; readonly until?: number },
  visitor: DayVisitor,
  { unitOfWork, joinedDays }: Pick<MonitoringDependencies, 'unitOfWork' | 'joinedDays'>,
  signal: AbortSignal,
): Promise<void> {
  const parts = Math.max(1, Math.ceil(rows / JOIN_ROWS_MAX));
  if (parts > JOIN_PARTS_MAX) throw tooManyRows(day, rows);
  if (rows <= JOINED_ROWS_KEPT_MAX) {
    const at = { day, outcomes: outcomeDays(scope, day), until: until ?? Number.POSITIVE_INFINITY };
    if (await joinedDays.visit(scope, at, visitor, signal)) return;
  }
  const { objective } = scope.monitor;
  const units = new Map<string, number>();
  const page = (read: (blocks: BlockReads) => Promise<readonly StoredBlock[]>) =>
    unitOfWork.read(scope, ({ blocks }) => read(blocks));
  for (let part = 0; part < parts; part += 1) {
    const join = new DayJoin(day, { part, parts }, units);
    const readPredictions = (after: string) =>
      page((blocks) => blocks.predictions(objective, day, after, BLOCKS_PER_READ));
    for await (const { payload } of pagesOf(readPredictions, signal)) {
      const block = decodePredictionBlock(payload);
      await visitor.versions?.(block.versions);
      if (part === 0) visitor.block?.(block);
      join.addPredictions(block);
    }
    const { from, until: end } = outcomeDays(scope, day);
    for (let at = from; at < end; at += 1) {
      const readOutcomes = (after: string) => page((blocks) => blocks.outcomes(objective, at, after, BLOCKS_PER_READ));
      for await (const { payload } of pagesOf(readOutcomes, signal))
        join.addOutcomes(decodeOutcomeBlock(payload), until);
    }
    visitor.share(join);
  }
}

/** All blocks, page by page. */
export async function* pagesOf(
  read: (after: string) => Promise<readonly StoredBlock[]>,
  signal: AbortSignal,
): AsyncGenerator<StoredBlock, void, undefined> {
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const blocks = await read(after);
    yield* blocks;
    const last = blocks.at(-1);
    if (!last || blocks.length < BLOCKS_PER_READ) return;
    after = last.id;
  }
}
