import { LATER_FILES, MAY, STREAM_DAY } from '../dates.ts';
import { fetchFlights } from '../days/flight-table.ts';
import { scoreBatch, type BatchOutcome } from '../score-batch.ts';
import { scoreStream, type StreamOutcome } from '../score-stream.ts';
import { ahead, ingestPeriods, thousands, type Stage } from '../stage.ts';

export interface ScoredOffline {
  readonly batch: BatchOutcome;
  readonly stream: StreamOutcome;
}

/** A month at once, while a worker is killed; a day event by event. @param kill see `scoreBatch`. */
export async function scoreOffline(stage: Stage, kill: ((pid: number) => void) | undefined): Promise<ScoredOffline> {
  const { screen } = stage;
  screen.step('Score the flights of May at once, killing a worker, and those of one day one by one');
  await ingestPeriods(stage, LATER_FILES);
  const fetched = ahead(fetchFlights(stage, 'stream-day', STREAM_DAY));
  const batch = await scoreBatch(stage, MAY, kill);
  const rate = thousands(Math.round(batch.rows / batch.seconds));
  screen.result(
    `batch: ${thousands(batch.rows)} flights in ${batch.partitions} partitions, ${batch.lostAttempts} of them begun again, nothing lost and nothing twice; ${rate} rows/s with join and load`,
  );
  screen.look('npm run slipway -- jobs');
  const flights = await fetched;
  const stream = await scoreStream(stage, flights, flights.days.get(STREAM_DAY.from) ?? new Uint32Array());
  screen.result(
    `stream: ${thousands(stream.events)} events, ${thousands(stream.stored)} results, ${thousands(stream.asInBatch)} with the bits of the batch; ${thousands(Math.round(stream.eventsPerSecond))} events/s, p99 ${stream.latencyMsP99.toFixed(1)} ms`,
  );
  return { batch, stream };
}
