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
  const { swap } = outcome;
  const quality = ({ auc, logLoss }: { auc: number; logLoss: number }): string =>
    `AUC ${auc.toFixed(4)}   log loss ${logLoss.toFixed(4)}`;
  return [
    ['flights learned from', whole(outcome.trainingRows)],
    ['flights of 1 to 7 April', whole(outcome.evaluationRows)],
    ['the same rate for every flight', quality(outcome.baseline)],
    ['version 1, schedule only', quality(outcome.scheduleOnly)],
    ['version 2, with origin and destination', quality(outcome.withRoute)],
    ['as served over gRPC', `${quality(outcome.served)}   ${whole(outcome.servedRowsPerSecond)} flights/s`],
    [
      'swap under load',
      `${whole(swap.calls)} calls, ${swap.failed} failed, ${swap.wrong} wrong   p99 ${swap.latencyMsP99.toFixed(1)} ms, ${whole(swap.callsPerSecond)} calls/s`,
    ],
    [
      'wall time',
      `${resources.seconds.toFixed(1)} s, of it ${resources.serverReadySeconds.toFixed(1)} s until the server was ready`,
    ],
    ['peak memory', `demo ${megabytes(resources.demoBytes)}, server ${megabytes(resources.serverBytes)}`],
  ];
}
