import {
  gRPCInferenceService,
  type InferParameter,
  type ModelInferRequest,
  type ModelInferRequest__Output,
} from '@slipway/contracts/inference';
import { describe, expect, it } from 'vitest';
import { assertRequestParameters } from './request-parameters.ts';

const { wire } = gRPCInferenceService.methods.modelInfer;
const check = (request: ModelInferRequest) => (): void =>
  assertRequestParameters(wire.requestDeserialize(wire.requestSerialize(request)) as ModelInferRequest__Output);
const whole = (value: number): InferParameter => ({ int64_param: value });

describe('request parameters', () => {
  it.each<[string, ModelInferRequest, string]>([
    ['sequence_id', { parameters: { sequence_id: whole(1) } }, 'unsupported'],
    ['sequence_start', { parameters: { sequence_start: { bool_param: true } } }, 'unsupported'],
    ['classification', { outputs: [{ name: 'y', parameters: { classification: whole(-1) } }] }, 'unsupported'],
    ['shared memory of an input', { inputs: [{ name: 'x', parameters: { shared_memory_region: { string_param: '/r' } } }] }, 'unsupported'],
    ['shared memory of an output', { outputs: [{ name: 'y', parameters: { shared_memory_offset: whole(0) } }] }, 'unsupported'],
    ['triton_final_response', { parameters: { triton_final_response: { bool_param: true } } }, 'invalid-argument'],
    ['a text for triton_enable_empty_final_response', { parameters: { triton_enable_empty_final_response: { string_param: 'x' } } }, 'invalid-argument'],
    ['binary_data_output', { parameters: { binary_data_output: { bool_param: true } } }, 'invalid-argument'],
    ['binary_data_size', { inputs: [{ name: 'x', parameters: { binary_data_size: whole(4) } }] }, 'invalid-argument'],
    ['headers', { parameters: { headers: { string_param: 'x' } } }, 'invalid-argument'],
    ['a negative priority', { parameters: { priority: whole(-1) } }, 'invalid-argument'],
    ['a timeout that is text', { parameters: { timeout: { string_param: '1' } } }, 'invalid-argument'],
  ])('refuses %s', (_, request, kind) => {
    expect(check(request)).toThrow(expect.objectContaining({ kind }));
  }); // prettier-ignore

  it('ignores what has no meaning here, whatever its name', () => {
    const parameters = {
      triton_enable_empty_final_response: { bool_param: false },
      priority: { uint64_param: 3 },
      timeout: whole(1_000),
      ['__proto__']: whole(1),
      constructor: { string_param: 'x' },
      own: {},
    };
    expect(check({ parameters, inputs: [{ name: 'x', parameters: { own: whole(1) } }] })).not.toThrow();
  });
});
