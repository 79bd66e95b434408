import { spoken } from './days/calendar.ts';
import type { DayLoss } from './days/chronicle.ts';
import type { StoryOutcome } from './story.ts';

export interface Resources {
  readonly seconds: number;
  readonly serverReadySeconds: number;
  readonly demoBytes: number | undefined;
  readonly serverBytes: number | undefined;
}

const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? 'unknown' : `${Math.round(bytes / 1e6)} MB`;
const whole = (value: number): string => Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');

/** What came out, one line each. */
export function closingTable(outcome: StoryOutcome, resources: Resources): (readonly [what: string, value: string])[] {
  const { swap, batch, stream, days } = outcome;
  const quality = ({ auc, logLoss }: { auc: number; logLoss: number }): string =>
    `AUC ${auc.toFixed(4)}   log loss ${logLoss.toFixed(4)}`;
  const breaches = Object.entries(outcome.breaches).map(([breach, rows]) => `${rows} ${breach}`);
  const memory = [resources.demoBytes, resources.serverBytes];
  const together = memory.every((bytes) => bytes !== undefined)
    ? `, together at most ${megabytes(memory.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0))}`
    : '';
  return [
    ['flights ingested', whole(outcome.acceptedRows)],
    ['kept aside by the contract', `${whole(outcome.quarantinedRows)}   ${breaches.join(', ')}`],
    ['training set', `${outcome.trainingSetId.slice(0, 12)}   ${whole(outcome.trainingRows)} flights`],
    ['flights of 1 to 7 April', whole(outcome.evaluationRows)],
    ['the same rate for every flight', quality(outcome.baseline)],
    ['version 1, schedule only', quality(outcome.scheduleOnly.quality)],
    ['version 2, with delays (true)', quality(outcome.withDelays.quality)],
    ['with a leaking join (promised)', quality(outcome.leaking)],
    ['the leaking model in truth', quality(outcome.leakingInTruth)],
    [
      'swap under load, by key',
      `${whole(swap.calls)} calls, ${swap.failed} failed, ${swap.wrong} wrong   p99 ${swap.latencyMsP99.toFixed(1)} ms, ${whole(swap.callsPerSecond)} calls/s`,
    ],
    [
      'in the server, median',
      `${whole(swap.serverMicrosP50)} µs: features ${whole(swap.stageMicrosP50.feature_fetch)}, inference ${whole(swap.stageMicrosP50.inference)}, encode ${whole(swap.stageMicrosP50.encode)}`,
    ],
    [
      'batch: flights of May',
      `${whole(batch.rows)} rows, ${batch.killed} worker killed, ${batch.lostAttempts} partition begun again   ${whole(batch.rows / batch.seconds)} rows/s`,
    ],
    [
      'stream: flights of 15 May',
      `${whole(stream.events)} events, ${whole(stream.stored)} results, ${whole(stream.asInBatch)} as in the batch   ${whole(stream.eventsPerSecond)} events/s, p99 ${stream.latencyMsP99.toFixed(1)} ms`,
    ],
    ['days played, flights asked about', `${days.losses.length} days, ${whole(days.flights)} flights`],
    ['version 2 better, 1 to 14 April', `${wins(days.losses)} of 14 days`],
    [
      'comparison decided on',
      `${spoken(days.comparison.decidedOn)}, for ${days.comparison.winner}   e-value ${days.comparison.eValue.toFixed(0)} after ${days.comparison.days} days`,
    ],
    ['drift reported on the morning of', days.driftFoundOn === undefined ? 'never' : spoken(days.driftFoundOn)],
    ['alerts', days.alerts.map((alert) => alert.replace(/:.*$/, '')).join('; ') || 'none'],
    ['retrained version takes over', days.tookOverOn === undefined ? 'never' : spoken(days.tookOverOn)],
    ['and is rolled back', days.rolledBackOn === undefined ? 'never' : spoken(days.rolledBackOn)],
    [
      'wall time',
      `${resources.seconds.toFixed(1)} s, of it ${resources.serverReadySeconds.toFixed(1)} s until the server was ready`,
    ],
    ['peak memory', `demo ${megabytes(resources.demoBytes)}, server ${megabytes(resources.serverBytes)}${together}`],
  ];
}

/** Days of 1 to 14 April on which version 2 has a lower log loss than version 1 on the same flights. */
function wins(losses: readonly DayLoss[]): number {
  const days = losses.filter(({ day }) => day >= '2001-04-01' && day <= '2001-04-14');
  return days.filter(({ byVersion }) => (byVersion['2'] ?? Infinity) < (byVersion['1'] ?? -Infinity)).length;
}
