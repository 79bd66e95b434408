import type { GateContext } from '@slipway/plugin-kit';
import { gateSuite } from '@slipway/plugin-kit/testing';
import { expect, it } from 'vitest';
import { everyDatasetPlugin } from '../src/index.ts';
import { dependenciesIn } from './dependencies.ts';

const gate = everyDatasetPlugin.create(everyDatasetPlugin.parseConfig({}), dependenciesIn('.'));
const PARAMETERS = { metric: 'auc', min: '0.7', datasets: 'ord, sfo' };
const context = (...measured: readonly (readonly [dataset: string, value: number])[]): GateContext => ({
  workspace: 'default',
  alias: 'champion',
  candidate: {
    model: 'delay',
    version: 2,
    evaluations: measured.map(([dataset, value]) => ({ metric: 'auc', dataset, value })),
  },
  current: { model: 'delay', version: 1, evaluations: [] },
  parameters: PARAMETERS,
});

gateSuite('every-dataset', () => ({
  gate,
  passing: context(['ord', 0.72], ['sfo', 0.7]),
  failing: context(['ord', 0.9], ['sfo', 0.69]),
  invalidParameters: [
    { ...PARAMETERS, min: 'high' },
    { ...PARAMETERS, datasets: 'ord,' },
    { ...PARAMETERS, datasets: 'ord,ord' },
    { metric: 'auc', min: '0.7' },
    {},
  ],
}));

it.each([
  ['a dataset that was not measured', context(['ord', 0.9]), 'ord 0.9, sfo not measured'],
  ['a value that is no number', context(['ord', 0.9], ['sfo', Number.NaN]), 'sfo NaN'],
])('stops %s', (_, case_, text) => {
  const verdict = gate.evaluate(case_);
  expect(verdict.passed).toBe(false);
  expect(verdict.reason).toContain(text);
});
