import type { JsonValue } from '@slipway/kernel';
import { stepInputInvalid, stepRefused } from '../errors.ts';
import { fillValue, TemplateError, type ReferencePath } from '../expression/template.ts';
import { parameterValue } from '../parameters.ts';
import type { PipelineSpec, StepSpec } from '../pipeline.ts';
import type { RunWithSteps } from '../run.ts';
import { filled, type StepKind, type StepKinds } from '../step-kind.ts';

/** The kind of a step and what it is given. @throws {DomainError} when the kind is gone, or the filled values are not what it asks for. */
export function stepInput(
  spec: StepSpec,
  pipeline: Pick<PipelineSpec, 'parameters'>,
  state: RunWithSteps,
  kinds: StepKinds,
): { readonly kind: StepKind; readonly input: unknown } {
  const kind = kinds.get(spec.kind);
  if (!kind) throw stepRefused('STEP_UNSUPPORTED', `this installation has no steps of kind '${spec.kind}'`);
  let values: JsonValue;
  try {
    values = fillValue({ ...spec.with }, (path) => lookUp(path, pipeline, state));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw stepInputInvalid([{ field: `steps.${spec.name}.with`, description: error.message }]);
  }
  const parsed = kind.schema(filled).safeParse(values);
  if (parsed.success) return { kind, input: parsed.data };
  throw stepInputInvalid(
    parsed.error.issues.map(({ path, message }) => ({
      field: ['steps', spec.name, 'with', ...path].map(String).join('.'),
      description: message,
    })),
  );
}

function lookUp(
  [root, name = '', field = '']: ReferencePath,
  { parameters }: Pick<PipelineSpec, 'parameters'>,
  { run, steps }: RunWithSteps,
): JsonValue | undefined {
  if (root === 'steps') return steps.find((step) => step.name === name)?.result?.[field];
  const text = root === 'parameters' ? run.parameters[name] : undefined;
  const parameter = parameters.find((each) => each.name === name);
  return text === undefined || !parameter ? undefined : parameterValue(parameter, text);
}
