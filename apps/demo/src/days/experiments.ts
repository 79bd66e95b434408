import type { RoutingExperiment__Output } from '@slipway/contracts/slipway.routing.v1';
import { CHAMPION } from '../champion.ts';
import type { Stage } from '../stage.ts';
import { MORNING, startOf, timestamp } from './calendar.ts';
import { OBJECTIVE } from './send-day.ts';

/** What the objective is served with; it moves when an experiment has decided, and not before. */
export const LIVE = 'live';
/** The first version, which goes on listening so that its loss can be compared. */
export const BASELINE = 'baseline';
/** What the pipeline makes, once a person has approved it; until then the second version. */
export const CHALLENGER = 'challenger';

/** What the objective is, who answers for it, and who listens. */
export async function setObjective(stage: Stage, listeners: readonly string[]): Promise<void> {
  const { alice, model, attempt } = stage;
  await attempt(() =>
    alice.routing.setObjective({
      name: OBJECTIVE,
      description: 'Will this flight leave more than 15 minutes late?',
      deployment: { model, alias: LIVE },
      unit_keys: ['day', 'origin'],
      shadows: listeners.map((alias) => ({ model, alias })),
      request_id: `${model}-objective-${listeners.join('-')}`,
    }),
  );
}

/** The objective with both versions listening, and its monitor. */
export async function openObjective(stage: Stage): Promise<void> {
  const { alice, model, attempt } = stage;
  await setObjective(stage, [BASELINE, CHALLENGER]);
  await attempt(() =>
    alice.monitoring.setMonitor({
      objective: OBJECTIVE,
      output: 'probability',
      label_delay_seconds: String(MORNING / 1e6),
      coverage_min: 0.9,
      rows_min: String(Math.ceil(1000 / stage.slice)),
      manual: true,
      request_id: `${model}-monitor`,
    }),
  );
}

/** Half of the units to what serves now, half to the champion, until one is better. */
export async function beginComparison(stage: Stage, day: string): Promise<string> {
  const { alice, model, attempt } = stage;
  const { experiment } = await attempt(() =>
    alice.routing.createRoutingExperiment({
      name: 'with-delays',
      objective: OBJECTIVE,
      kind: 'EXPERIMENT_KIND_AB',
      arms: [
        { name: 'schedule-only', deployment: { model, alias: LIVE }, weight: 500 },
        { name: 'with-delays', deployment: { model, alias: CHAMPION }, weight: 500 },
      ],
      policy: { metric: 'log_loss', alpha: 0.05, days_min: 5, days_max: 14, coverage_min: 0.9, alias: LIVE },
      salt: 'april',
      manual: true,
      start_time: timestamp(startOf(day)),
      request_id: `${model}-comparison`,
    }),
  );
  return idOf(experiment);
}

/** The challenger takes over in steps of three days; it goes back when it becomes worse than what served before. */
export async function beginCanary(stage: Stage, day: string): Promise<string> {
  const { alice, model, attempt } = stage;
  const { experiment } = await attempt(() =>
    alice.routing.createRoutingExperiment({
      name: 'retrained',
      objective: OBJECTIVE,
      kind: 'EXPERIMENT_KIND_CANARY',
      arms: [
        { name: 'before', deployment: { model, alias: LIVE } },
        { name: 'retrained', deployment: { model, alias: CHALLENGER } },
      ],
      policy: {
        metric: 'log_loss',
        coverage_min: 0.9,
        alias: LIVE,
        steps: [100, 500, 1000],
        step_days: 3,
        guardrail_days: 90,
      },
      salt: 'may',
      manual: true,
      start_time: timestamp(startOf(day)),
      request_id: `${model}-canary`,
    }),
  );
  return idOf(experiment);
}

/** What an experiment shows on the morning of a day, and what follows from it. */
export async function analyze(stage: Stage, id: string, day: string): Promise<RoutingExperiment__Output> {
  const { experiment } = await stage.attempt(() =>
    stage.alice.routing.analyzeExperiment({ id, as_of: timestamp(startOf(day) + MORNING) }),
  );
  if (!experiment) throw new Error('the router answered without an experiment');
  return experiment;
}

function idOf(experiment: RoutingExperiment__Output | null): string {
  if (!experiment) throw new Error('the router answered without an experiment');
  return experiment.id;
}
