import type { TensorSpec } from '@slipway/plugin-kit';
import { expect, it } from 'vitest';
import { planPrediction } from './prediction-plan.ts';

const input = (
  name: string,
  shape: readonly number[] = [-1, 1],
  datatype: TensorSpec['datatype'] = 'FP32',
): TensorSpec => ({ name, datatype, shape });
const plan = (features: readonly string[], ...inputs: TensorSpec[]) =>
  planPrediction('m', features, { inputs, outputs: [] });

it('gives input i feature i, and fetches each feature of the store once', () => {
  const made = plan(['v:a', 'request:hour', 'w:a', 'v:a'], input('1'), input('2', [-1]), input('3'), input('4'));
  expect(made.inputs.map(({ feature, requestName, input: { name } }) => [name, feature, requestName])).toEqual([
    ['1', 'v:a', undefined],
    ['2', 'request:hour', 'hour'],
    ['3', 'w:a', undefined],
    ['4', 'v:a', undefined],
  ]);
  expect(made.storeFeatures).toEqual(['v:a', 'w:a']);
  expect([...made.requestFeatures]).toEqual(['hour']);
});

it.each<[string, readonly string[], readonly TensorSpec[], string]>([
  ['no features', [], [input('x')], 'it has 1 inputs and its package names 0 features'],
  ['too many features', ['v:a', 'v:b'], [input('x')], 'it has 1 inputs and its package names 2 features'],
  ['a feature without a view', ['a'], [input('x')], "its feature 'a' is neither view:feature nor request:feature"],
  ['a feature without a name', ['v:'], [input('x')], "its feature 'v:' is neither"],
  ['a view without a name', [':a'], [input('x')], "its feature ':a' is neither"],
  ['a wide input', ['v:a'], [input('x', [-1, 2])], "its input 'x' of shape [-1,2] does not take one value per row"],
  ['a scalar input', ['v:a'], [input('x', [])], "its input 'x' of shape [] does not take"],
  ['a deep input', ['v:a'], [input('x', [-1, 1, 1])], "its input 'x' of shape [-1,1,1] does not take"],
  ['a half float', ['v:a'], [input('x', [-1], 'FP16')], "its input 'x' is FP16"],
])('refuses %s', (_, features, inputs, words) => {
  expect(() => plan(features, ...inputs)).toThrow(
    expect.objectContaining({
      kind: 'failed-precondition',
      reason: 'MODEL_FEATURES_INVALID',
      message: expect.stringContaining(words) as string,
    }),
  );
});
