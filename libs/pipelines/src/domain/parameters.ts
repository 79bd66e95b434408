import type { FieldViolation, JsonValue } from '@slipway/kernel';
import { parametersInvalid } from './errors.ts';
import { readDate } from './expression/times.ts';
import { didYouMean } from './near-names.ts';
import type { Parameter, ParameterType, PipelineSpec } from './pipeline.ts';

/** What is wrong with a value, or undefined. */
export function parameterProblem(type: ParameterType, value: string): string | undefined {
  if (type === 'number' && (value.trim() === '' || !Number.isFinite(Number(value)))) return 'must be a number';
  if (type === 'date' && !readDate(value)) return 'must be a date: YYYY-MM-DD, or an ISO 8601 time that ends in Z';
  return undefined;
}

/**
 * The values of one run: those that are given over the defaults.
 * @throws {InvalidArgumentError} reason PIPELINE_PARAMETERS_INVALID naming each that is unknown, missing or of another type.
 */
export function parametersOfRun(
  { name: pipeline, parameters }: Pick<PipelineSpec, 'name' | 'parameters'>,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const known = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const violations: FieldViolation[] = Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => ({
      field: `parameters.${name}`,
      description: `pipeline '${pipeline}' has no such parameter${didYouMean(name, [...known.keys()])}`,
    }));
  const values: Record<string, string> = {};
  for (const { name, type, default: preset } of parameters) {
    const value = given[name] ?? preset;
    const problem = value === undefined ? 'has no default; give it a value' : parameterProblem(type, value);
    if (problem !== undefined) violations.push({ field: `parameters.${name}`, description: problem });
    else if (value !== undefined) values[name] = value;
  }
  if (violations.length > 0) throw parametersInvalid(violations);
  return values;
}

/** As expressions see it. */
export const parameterValue = ({ type }: Pick<Parameter, 'type'>, value: string): JsonValue =>
  type === 'number' ? Number(value) : value;
