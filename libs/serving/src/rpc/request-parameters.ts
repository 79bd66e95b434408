import type { InferParameter__Output, ModelInferRequest__Output } from '@slipway/contracts/inference';
import { InvalidArgumentError, UnsupportedError } from '@slipway/kernel';

type Parameters = Readonly<Record<string, InferParameter__Output>>;
type Verdict = 'unsupported' | 'reserved' | undefined;

/** Has a meaning in the protocol that this server does not serve: ignoring it would give a wrong answer. */
const UNSUPPORTED = /^(?:sequence_(?:id|start|end)|classification|shared_memory_(?:region|offset|byte_size))$/;
/** Belongs to the server or to another transport. */
const RESERVED = /^(?:triton_.*|binary_data.*|headers)$/;
/** Reserved, yet allowed: on a unary call it changes nothing. */
const EMPTY_FINAL = 'triton_enable_empty_final_response';

function judge(name: string, value: InferParameter__Output): Verdict {
  if (UNSUPPORTED.test(name)) return 'unsupported';
  if (name === EMPTY_FINAL && value.parameter_choice === 'bool_param') return undefined;
  return RESERVED.test(name) ? 'reserved' : undefined;
}

/** @throws as `assertRequestParameters`, for the parameters of one place. */
export function assertParameters(parameters: Parameters, field: string): void {
  for (const [name, value] of Object.entries(parameters)) {
    const verdict = judge(name, value);
    const shown = name.slice(0, 64).toWellFormed();
    if (verdict === 'unsupported') {
      throw new UnsupportedError(`${field}: parameter '${shown}' is not supported by this server`, {
        reason: 'INFERENCE_PARAMETER_UNSUPPORTED',
      });
    }
    if (verdict === 'reserved') {
      throw InvalidArgumentError.of(field, `parameter '${shown}' is reserved and must not be sent here`, {
        reason: 'INFERENCE_PARAMETER_RESERVED',
      });
    }
  }
}

/** `priority` and `timeout` speak of a queue; without one they change nothing, yet their values must be of the right kind. */
export function assertScheduling(parameters: Parameters): void {
  for (const name of ['priority', 'timeout']) {
    const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!value) continue;
    const text = value.int64_param ?? value.uint64_param;
    if (text === undefined || text.startsWith('-')) {
      throw InvalidArgumentError.of('parameters', `parameter '${name}' must be a whole number of 0 or more`, {
        reason: 'INFERENCE_PARAMETER_INVALID',
      });
    }
  }
}

/**
 * Refuses parameters that would have a meaning here that nobody serves; others are ignored, as the protocol allows.
 * @throws {UnsupportedError} sequences, classification, shared memory. @throws {InvalidArgumentError} reserved names, wrong kinds of values.
 */
export function assertRequestParameters(request: ModelInferRequest__Output): void {
  assertParameters(request.parameters, 'parameters');
  assertScheduling(request.parameters);
  for (const [index, input] of request.inputs.entries()) {
    assertParameters(input.parameters, `inputs[${index}].parameters`);
  }
  for (const [index, output] of request.outputs.entries()) {
    assertParameters(output.parameters, `outputs[${index}].parameters`);
  }
}
