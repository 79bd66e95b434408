import type { FieldViolation } from '@slipway/kernel';
import type { ColumnSpec } from '@slipway/plugin-kit';
import { planPrediction } from '@slipway/scoring';
import { ERROR_COLUMNS, VERSION_COLUMN } from '@slipway/batch-worker';
import type { BatchDependencies } from '../dependencies.ts';
import { planInvalid } from '../errors.ts';
import type { Outgoing, RegisteredVersion, SourceColumns } from '../ports.ts';
import type { PinnedModel, ScoringPlan } from '../scoring-job.ts';

/** How a scoring set names the column of a feature. */
export const featureColumn = (feature: string): string => feature.replace(':', '__');

const RESERVED: ReadonlySet<string> = new Set([VERSION_COLUMN, ...Object.values(ERROR_COLUMNS)]);

/**
 * Resolves the model to the version that will score, whatever its alias does later, and checks the plan against it and against the source.
 * @throws {InvalidArgumentError} SCORING_PLAN_INVALID with every problem. @throws {NotFoundError} for an unknown model, alias or version.
 */
export async function planJob(
  plan: ScoringPlan,
  { registry, features }: Pick<BatchDependencies, 'registry' | 'features'>,
  call: Outgoing,
): Promise<PinnedModel> {
  const [name, alias] = readModel(plan);
  const source = await features.source(plan.source, call);
  if (!source) throw planInvalid([violation('source', `the repository in force has no source '${plan.source}'`)]);
  const version = await registry.resolve(name, alias, plan.version, call);
  const prediction = planPrediction(name, version.features, version.signature);
  const columns = prediction.inputs.map(({ feature, requestName }) =>
    requestName === undefined ? featureColumn(feature) : (plan.requestColumns[requestName] ?? requestName),
  );
  const outputs = plan.outputs.length > 0 ? plan.outputs : version.signature.outputs.map((output) => output.name);
  const problems = [
    ...requestProblems(plan, prediction.requestFeatures, source),
    ...passthroughProblems(plan, source, outputs),
    ...outputProblems(plan, version),
    ...onlineProblems(plan, source),
  ];
  if (problems.length > 0) throw planInvalid(problems);
  const { digest } = version;
  const timeColumn = plan.online ? source.eventTimeColumn : '';
  const storeFeatures = prediction.storeFeatures;
  return { name, version: version.version, digest, columns, storeFeatures, outputs, timeColumn };
}

const violation = (field: string, description: string): FieldViolation => ({ field: `plan.${field}`, description });

function readModel({ model, version }: ScoringPlan): readonly [name: string, alias: string] {
  const [name = '', alias = '', ...rest] = model.split('@');
  if (name === '' || rest.length > 0)
    throw planInvalid([violation('model', `'${model}' is neither model@alias nor model`)]);
  if (alias === '' && version === 0) {
    throw planInvalid([violation('model', `names no version; use ${name}@<alias>, or set plan.version`)]);
  }
  if (alias !== '' && version !== 0) {
    throw planInvalid([violation('version', `is ${version}, and '${model}' names an alias; use one of the two`)]);
  }
  return [name, alias];
}

function requestProblems(
  { requestColumns }: ScoringPlan,
  requested: ReadonlySet<string>,
  { columns }: SourceColumns,
): readonly FieldViolation[] {
  const known = new Set(columns.map(({ name }) => name));
  const unknown = Object.keys(requestColumns)
    .filter((name) => !requested.has(name))
    .map((name) => violation(`request_columns[${name}]`, 'the model has no request feature of that name'));
  const missing = [...requested]
    .map((name) => [name, requestColumns[name] ?? name] as const)
    .filter(([, column]) => !known.has(column))
    .map(([name, column]) =>
      violation(`request_columns[${name}]`, `the source has no column '${column}'; it has ${[...known].join(', ')}`),
    );
  return [...unknown, ...missing];
}

function passthroughProblems(
  { passthrough }: ScoringPlan,
  { columns }: SourceColumns,
  outputs: readonly string[],
): readonly FieldViolation[] {
  const known = new Set(columns.map(({ name }) => name));
  return passthrough.flatMap((name, index) => {
    const field = `passthrough[${index}]`;
    if (!known.has(name)) return [violation(field, `the source has no column '${name}'`)];
    if (passthrough.indexOf(name) < index) return [violation(field, `'${name}' is there twice`)];
    if (RESERVED.has(name)) return [violation(field, `'${name}' is a column that outputs have by themselves`)];
    return outputs.includes(name) ? [violation(field, `'${name}' is an output of the model`)] : [];
  });
}

function outputProblems({ outputs }: ScoringPlan, { signature }: RegisteredVersion): readonly FieldViolation[] {
  const wanted = outputs.length > 0 ? outputs : signature.outputs.map(({ name }) => name);
  return wanted.flatMap((name, index) => {
    const found = signature.outputs.find((output) => output.name === name);
    const field = `outputs[${index}]`;
    if (!found) {
      return [violation(field, `the model has no output '${name}'; it has ${signature.outputs.map((one) => one.name).join(', ')}`)];
    }
    if (wanted.indexOf(name) < index) return [violation(field, `'${name}' is there twice`)];
    const [rows, width = 1] = found.shape;
    const isNumber = found.datatype !== 'BYTES' && found.datatype !== 'FP16';
    if (isNumber && rows !== undefined && found.shape.length <= 2 && (width === 1 || width === -1)) return [];
    return [violation(field, `'${name}' of type ${found.datatype} and shape [${found.shape.join(',')}] is not one number for each row; name the outputs to keep`)];
  }); // prettier-ignore
}

function onlineProblems(
  { online, passthrough }: ScoringPlan,
  { eventTimeColumn }: SourceColumns,
): readonly FieldViolation[] {
  if (!online) return [];
  const keys = online.keys
    .filter((key) => !passthrough.includes(key))
    .map((key) => violation('online.keys', `'${key}' is not among the passthrough columns`));
  if (passthrough.includes(eventTimeColumn)) return keys;
  return [...keys, violation('passthrough', `needs '${eventTimeColumn}', the time that stored predictions are of`)];
}

/** Types of columns by name. @throws {InvalidArgumentError} for those that the rows turned out not to have. */
export function columnsNamed(names: readonly string[], columns: readonly ColumnSpec[]): readonly ColumnSpec[] {
  const found = new Map(columns.map((column) => [column.name, column]));
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw planInvalid(missing.map((name) => violation('source', `the scoring set has no column '${name}'`)));
  }
  return names.flatMap((name) => found.get(name) ?? []);
}
