import type { CreateRoutingExperimentRequest } from '@slipway/contracts/slipway.routing.v1';
import { MODEL } from './fake-monitor.ts';

export const OBJECTIVE = 'late-departure';
export const DECISIONS = 'slipway.routing.decision.made.v1';
export const EXPOSURES = 'slipway.routing.exposure.logged.v1';
export const LIVE = { model: MODEL, alias: 'live' };
export const CHAMPION = { model: MODEL, alias: 'champion' };
const START = Date.parse('2001-04-08T00:00:00Z') / 1000;
/** Midnight at the end of the nth day, counted from 1. */
export const endOf = (day: number) => ({ seconds: String(START + day * 86_400), nanos: 0 });
export const dayName = (day: number): string =>
  new Date((START + (day - 1) * 86_400) * 1000).toISOString().slice(0, 10);

export const origins = (count: number, prefix = 'A') => ({
  origin: { strings: { values: Array.from({ length: count }, (_, index) => `${prefix}${index}`) } },
});

export const CONTROL = { name: 'control', deployment: LIVE, weight: 500 };
export const TREATMENT = { name: 'treatment', deployment: CHAMPION, weight: 500 };

export const AB = {
  name: 'with-delays',
  objective: OBJECTIVE,
  kind: 'EXPERIMENT_KIND_AB',
  arms: [CONTROL, TREATMENT],
  policy: { metric: 'log_loss', alias: 'live', days_max: 14 },
  salt: 'salt-1',
  manual: true,
  start_time: { seconds: String(START), nanos: 0 },
} satisfies CreateRoutingExperimentRequest;

export const CANARY = {
  ...AB,
  name: 'retrained',
  kind: 'EXPERIMENT_KIND_CANARY',
  policy: { metric: 'log_loss', alias: 'live', steps: [50, 500, 1000], step_days: 2, days_max: 3 },
} satisfies CreateRoutingExperimentRequest;
