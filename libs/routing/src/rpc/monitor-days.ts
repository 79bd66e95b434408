import type {
  ExperimentDay__Output,
  GetExperimentDaysRequest,
  GetExperimentDaysResponse__Output,
} from '@slipway/contracts/slipway.monitoring.v1';
import type { ArmSums, DaySums } from '../domain/analysis/day-sums.ts';
import type { CallScope, ExperimentDays } from '../domain/ports.ts';
import type { LossMetric, RoutingExperiment } from '../domain/routing-experiment.ts';

/** The call of the monitor's client that the router makes. */
export interface MonitorCalls {
  getExperimentDays(request: GetExperimentDaysRequest, options: CallScope): Promise<GetExperimentDaysResponse__Output>;
}

const NOTHING: ArmSums = { rows: 0, labelledRows: 0, lossSum: 0, referenceSum: 0 };

/** The monitor as the router sees it, over its client. */
export const createMonitorDays = (monitor: MonitorCalls): ExperimentDays => ({
  read: async (experiment, until, scope) => {
    const { objective, id } = experiment;
    const paired = experiment.kind === 'canary';
    const answer = await monitor.getExperimentDays(
      {
        objective,
        experiment: id,
        until: { seconds: (until / 1_000_000n).toString(), nanos: Number(until % 1_000_000n) * 1000 },
        paired,
        versions: paired ? versionsOf(experiment) : [],
        reference: versionsOf(experiment)[0],
      },
      scope,
    );
    return toDays(answer.days, paired ? versionMatcher(experiment) : armMatcher(experiment), experiment.policy.metric);
  },
});

const versionsOf = ({ arms, versions }: RoutingExperiment) =>
  arms.map(({ deployment: { model } }, arm) => ({ model, version: (versions[arm] ?? 0n).toString() }));

type Matcher = (day: ExperimentDay__Output, arm: 0 | 1) => boolean;

const isVersion = ({ arms, versions }: RoutingExperiment, { version }: ExperimentDay__Output, arm: 0 | 1): boolean =>
  version?.model === arms[arm].deployment.model && version.version === versions[arm].toString();

const versionMatcher =
  (experiment: RoutingExperiment): Matcher =>
  (day, arm) =>
    isVersion(experiment, day, arm);

/** An alias that moved while the experiment ran makes rows of another version: they are not what is compared. */
const armMatcher =
  (experiment: RoutingExperiment): Matcher =>
  (day, arm) =>
    day.arm === experiment.arms[arm].name && (!day.version || isVersion(experiment, day, arm));

function toDays(days: readonly ExperimentDay__Output[], matches: Matcher, metric: LossMetric): readonly DaySums[] {
  const names = [...new Set(days.map(({ day }) => day))];
  return names.map((day) => {
    const sumsOf = (arm: 0 | 1): ArmSums =>
      days
        .filter((each) => each.day === day && matches(each, arm))
        .map((each) => readSums(each, metric))
        .reduce(add, NOTHING);
    return { day, control: sumsOf(0), treatment: sumsOf(1) };
  });
}

const readSums = (day: ExperimentDay__Output, metric: LossMetric): ArmSums => ({
  rows: Number(day.rows),
  labelledRows: Number(day.labelled_rows),
  lossSum: metric === 'log_loss' ? day.log_loss_sum : day.brier_sum,
  referenceSum: metric === 'log_loss' ? day.reference_log_loss_sum : day.reference_brier_sum,
});

const add = (left: ArmSums, right: ArmSums): ArmSums => ({
  rows: left.rows + right.rows,
  labelledRows: left.labelledRows + right.labelledRows,
  lossSum: left.lossSum + right.lossSum,
  referenceSum: left.referenceSum + right.referenceSum,
});
