import { InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { Datatype, ModelSignature, Tensor, TensorSpec } from '@slipway/plugin-kit';
import type { DimensionNames } from '@slipway/model-package';

const ELEMENTS_MAX = 2n ** 63n - 1n;
const RANK_MAX = 32;
/** BYTES has no fixed size. */
const ELEMENT_BYTES: Readonly<Record<Exclude<Datatype, 'BYTES'>, number>> = {
  BOOL: 1, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8, INT8: 1, INT16: 2, INT32: 4, INT64: 8, FP16: 2, FP32: 4, FP64: 8,
}; // prettier-ignore

/** What the checks need of a loaded model, worked out once. */
export interface InputRules {
  readonly model: string;
  readonly inputs: ReadonlyMap<
    string,
    { readonly spec: TensorSpec; readonly dimensionNames: readonly (string | undefined)[] }
  >;
  readonly outputs: readonly string[];
}

export function inputRules(model: string, signature: ModelSignature, dimensionNames: DimensionNames): InputRules {
  const inputs = signature.inputs.map(
    (spec, index) => [spec.name, { spec, dimensionNames: dimensionNames[index] ?? [] }] as const,
  );
  return { model, inputs: new Map(inputs), outputs: signature.outputs.map(({ name }) => name) };
}

/**
 * Checks a request against the model, in the words of Triton where it has words for it.
 * @throws {InvalidArgumentError} reason INFERENCE_INPUT_INVALID; fields are `inputs`, `inputs[i].name`, `.datatype`, `.shape`, `.data`.
 */
export function assertInputs(rules: InputRules, inputs: readonly Tensor[]): void {
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => void violations.push({ field, description });
  const sizes = new Map<string, { input: string; size: number }>();
  const names = new Set<string>();
  for (const [index, input] of inputs.entries()) {
    const known = rules.inputs.get(input.name);
    if (!known)
      refuse(`inputs[${index}].name`, `unexpected inference input '${input.name}' for model '${rules.model}'`);
    else if (names.has(input.name)) refuse(`inputs[${index}].name`, `input '${input.name}' already exists in request`);
    else {
      const fault = faultOf(rules.model, known.spec, input) ?? disagreement(known.dimensionNames, input, sizes);
      if (fault) refuse(`inputs[${index}].${fault.part}`, fault.description);
    }
    names.add(input.name);
  }
  const missing = [...rules.inputs.keys()].filter((name) => !names.has(name));
  if (missing.length > 0) {
    refuse(
      'inputs',
      `expected ${rules.inputs.size} inputs but got ${inputs.length} inputs for model '${rules.model}'. Got input(s) ${list([...names])}, ` +
        `but missing required input(s) ${list(missing)}. Please provide all required input(s).`,
    );
  }
  if (violations.length > 0) throw new InvalidArgumentError(violations, { reason: 'INFERENCE_INPUT_INVALID' });
}

const list = (names: readonly string[]): string => `[${names.map((name) => `'${name}'`).join(',')}]`;

interface Fault {
  readonly part: 'datatype' | 'shape' | 'data';
  readonly description: string;
}

function faultOf(model: string, spec: TensorSpec, { name, datatype, shape, data }: Tensor): Fault | undefined {
  if (datatype !== spec.datatype) {
    const description = `inference input '${name}' data-type is '${datatype}', but model '${model}' expects '${spec.datatype}'`;
    return { part: 'datatype', description };
  }
  const count = elementCount(shape);
  if (count === undefined) {
    const description = `input '${name}' for model '${model}' has a shape with a dimension that is not a whole number of 0 or more`;
    return { part: 'shape', description };
  }
  if (count > ELEMENTS_MAX) {
    const description = `shape of input '${name}' for model '${model}' causes total element count to exceed maximum size of ${ELEMENTS_MAX}`;
    return { part: 'shape', description };
  }
  if (!fits(spec.shape, shape)) {
    const got = shape.slice(0, RANK_MAX).join(',');
    const description = `unexpected shape for input '${name}' for model '${model}'. Expected [${spec.shape.join(',')}], got [${got}].`;
    return { part: 'shape', description };
  }
  return count === BigInt(data.length) ? undefined : wrongLength(model, name, datatype, count, data.length);
}

function wrongLength(model: string, name: string, datatype: Datatype, expected: bigint, got: number): Fault {
  if (datatype === 'BYTES') {
    const description = `unexpected number of string elements ${got} for inference input '${name}', expecting ${expected}`;
    return { part: 'data', description };
  }
  const width = ELEMENT_BYTES[datatype];
  const bytes = `Expected ${expected * BigInt(width)}, got ${got * width}`;
  return { part: 'data', description: `input byte size mismatch for input '${name}' for model '${model}'. ${bytes}` };
}

/** Exact product; undefined when a dimension is negative or not whole. */
function elementCount(shape: readonly number[]): bigint | undefined {
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) return undefined;
  const product = shape.reduce((count, dim) => count * dim, 1);
  return Number.isSafeInteger(product) ? BigInt(product) : shape.reduce((count, dim) => count * BigInt(dim), 1n);
}

const fits = (expected: readonly number[], shape: readonly number[]): boolean =>
  expected.length === shape.length && expected.every((dim, index) => dim === -1 || dim === shape[index]);

/** Inputs whose graph gives a dimension the same name must agree in it: a runtime would stretch a 1 to the other's size without a word. */
function disagreement(
  dimensionNames: readonly (string | undefined)[],
  { name, shape }: Tensor,
  sizes: Map<string, { input: string; size: number }>,
): Fault | undefined {
  for (const [axis, dimension] of dimensionNames.entries()) {
    const size = shape[axis];
    if (dimension === undefined || size === undefined) continue;
    const first = sizes.get(dimension);
    if (!first) sizes.set(dimension, { input: name, size });
    else if (first.size !== size) {
      const description = `dimension '${dimension}' is ${size} for input '${name}' and ${first.size} for input '${first.input}'`;
      return { part: 'shape', description };
    }
  }
  return undefined;
}

/** The outputs to compute: all of them when `requested` is absent or empty. @throws {InvalidArgumentError} on unknown and repeated names. */
export function readOutputs(
  { model, outputs }: InputRules,
  requested: readonly string[] | undefined,
): readonly string[] {
  if (!requested || requested.length === 0) return outputs;
  const seen = new Set<string>();
  for (const [index, name] of requested.entries()) {
    const field = `outputs[${index}].name`;
    const reason = { reason: 'INFERENCE_OUTPUT_INVALID' };
    if (!outputs.includes(name)) {
      throw InvalidArgumentError.of(field, `unexpected inference output '${name}' for model '${model}'`, reason);
    }
    if (seen.has(name)) throw InvalidArgumentError.of(field, `output '${name}' is requested twice`, reason);
    seen.add(name);
  }
  return requested;
}
