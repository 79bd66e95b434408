import type { JsonValue } from '@slipway/kernel';
import type { Analysis } from '../domain/analysis/analysis.ts';
import type { ArmSums, DaySums } from '../domain/analysis/day-sums.ts';
import type { Objective } from '../domain/objective.ts';
import { isOpen, type RoutingExperiment } from '../domain/routing-experiment.ts';
import type { AnalysisRecord, DayRecord, ExperimentRecord, ObjectiveRecord } from './entities.ts';

/** JSON columns hold what this store wrote; their form is not checked again. */
const fromJson = (json: JsonValue): unknown => json;
const toJson = (value: unknown): JsonValue => value as JsonValue;

export const objectiveOf = (row: ObjectiveRecord): Objective => ({
  name: row.name,
  description: row.description,
  deployment: { model: row.model, alias: row.alias },
  unitKeys: fromJson(row.unitKeys) as string[],
  shadows: fromJson(row.shadows) as Objective['shadows'],
  experiment: row.experiment,
  revision: row.revision,
  updateTime: row.updateTime,
});

export const objectiveRowOf = (workspace: string, { deployment, ...objective }: Objective) => ({
  workspace,
  name: objective.name,
  description: objective.description,
  model: deployment.model,
  alias: deployment.alias,
  unitKeys: toJson(objective.unitKeys),
  shadows: toJson(objective.shadows),
  experiment: objective.experiment,
  revision: objective.revision,
  updateTime: objective.updateTime,
});

export const experimentOf = (row: ExperimentRecord): RoutingExperiment => ({
  id: row.id,
  name: row.name,
  objective: row.objective,
  kind: row.kind as RoutingExperiment['kind'],
  arms: fromJson(row.arms) as RoutingExperiment['arms'],
  policy: fromJson(row.policy) as RoutingExperiment['policy'],
  salt: row.salt,
  hashVersion: row.hashVersion,
  state: row.state as RoutingExperiment['state'],
  share: row.share,
  revision: row.revision,
  sequence: row.sequence,
  step: row.step,
  stepTime: row.stepTime,
  manual: row.manual,
  startTime: row.startTime,
  endTime: row.endTime ?? undefined,
  createTime: row.createTime,
  principal: row.principal,
  versions: [row.controlVersion, row.treatmentVersion],
  aliasRevision: row.aliasRevision,
  tolerance: row.tolerance,
  winner: row.winner,
  move: row.move as RoutingExperiment['move'],
  decisionError: row.decisionError,
});

export function experimentRowOf(workspace: string, experiment: RoutingExperiment) {
  const { versions, arms, policy, endTime, ...fields } = experiment;
  return {
    workspace,
    ...fields,
    arms: toJson(arms),
    policy: toJson(policy),
    endTime: endTime ?? null,
    controlVersion: versions[0],
    treatmentVersion: versions[1],
    unattended: isOpen(experiment) && !experiment.manual,
  };
}

const CONTROL = 0;
const TREATMENT = 1;

const sumsOf = (row: DayRecord): ArmSums => ({
  rows: Number(row.rows),
  labelledRows: Number(row.labelledRows),
  lossSum: row.lossSum,
  referenceSum: row.referenceSum,
});

/** @param rows of one experiment, by day and arm. */
export function daysOf(rows: readonly DayRecord[]): readonly DaySums[] {
  const controls = rows.filter(({ arm }) => arm === CONTROL);
  const treatments = new Map(rows.filter(({ arm }) => arm === TREATMENT).map((row) => [row.day, row]));
  return controls.map((control) => {
    const treatment = treatments.get(control.day);
    if (!treatment) throw new Error(`day ${control.day} has one arm only`);
    return { day: control.day, control: sumsOf(control), treatment: sumsOf(treatment) };
  });
}

export function dayRowsOf(workspace: string, experiment: string, { day, control, treatment }: DaySums) {
  const rowOf = (arm: number, sums: ArmSums) => ({
    workspace,
    experiment,
    day,
    arm,
    rows: BigInt(sums.rows),
    labelledRows: BigInt(sums.labelledRows),
    lossSum: sums.lossSum,
    referenceSum: sums.referenceSum,
  });
  return [rowOf(CONTROL, control), rowOf(TREATMENT, treatment)];
}

/** @param row with or without its days. */
export const analysisOf = (row: Omit<AnalysisRecord, 'days'> & { readonly days?: JsonValue }): Analysis => ({
  asOf: row.asOf,
  days: row.days === undefined ? [] : (fromJson(row.days) as Analysis['days']),
  completeDays: row.completeDays,
  difference: row.difference,
  lower: row.lower,
  upper: row.upper,
  eValue: row.eValue,
  pValue: row.pValue,
  guardrail: row.guardrail,
  guardrailThreshold: row.guardrailThreshold,
  sampleRatioP: row.sampleRatioP,
  verdict: row.verdict as Analysis['verdict'],
  winner: row.winner,
  explanation: row.explanation,
});

export const analysisRowOf = (workspace: string, experiment: string, { days, ...analysis }: Analysis) => ({
  workspace,
  experiment,
  ...analysis,
  days: toJson(days),
});
