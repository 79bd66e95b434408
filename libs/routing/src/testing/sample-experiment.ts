import { HASH_VERSION, type DecisionPolicy, type RoutingExperiment } from '../domain/routing-experiment.ts';

const POLICY: DecisionPolicy = {
  metric: 'log_loss',
  alpha: 0.05,
  daysMin: 5,
  daysMax: 0,
  coverageMin: 0.9,
  alias: '',
  steps: [],
  stepDays: 2,
  guardrailDays: 90,
  tolerance: 0,
};

/** An experiment as it begins on 1 January 2001; an A/B test with equal shares unless the fields say otherwise. */
export function sampleExperiment(
  fields: Partial<Omit<RoutingExperiment, 'policy'>> & { readonly policy?: Partial<DecisionPolicy> } = {},
): RoutingExperiment {
  const startTime = 978_307_200_000_000n;
  const deployment = (alias: string) => ({ model: 'flight-delay', alias });
  return {
    id: 'experiment-1',
    name: 'with-delays',
    objective: 'late-departure',
    kind: 'ab',
    arms: [
      { name: 'control', deployment: deployment('live') },
      { name: 'treatment', deployment: deployment('champion') },
    ],
    salt: 'salt',
    hashVersion: HASH_VERSION,
    state: 'running',
    share: 500,
    revision: 1n,
    sequence: 1n,
    step: 0,
    stepTime: startTime,
    manual: false,
    startTime,
    endTime: undefined,
    createTime: startTime,
    principal: 'alice',
    versions: [1n, 2n],
    aliasRevision: 1n,
    tolerance: 0,
    winner: '',
    move: 'none',
    decisionError: '',
    ...fields,
    policy: { ...POLICY, ...fields.policy },
  };
}

/** `YYYY-MM-DD` of the nth day of the sample, counted from 1. */
export const sampleDay = (day: number): string =>
  new Date(Date.UTC(2001, 0, 1) + (day - 1) * 86_400_000).toISOString().slice(0, 10);
