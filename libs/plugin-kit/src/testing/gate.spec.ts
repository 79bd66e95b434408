import { InvalidArgumentError } from '@slipway/kernel';
import type { Gate, GateContext } from '../gate.ts';
import { gateSuite } from './gate.ts';

/** The smallest gate: a metric must reach a value. Shows that the suite can be passed. */
const minimumGate: Gate = {
  checkParameters: (parameters) => {
    const unknown = Object.keys(parameters).filter((name) => !['metric', 'min'].includes(name));
    const violations = unknown.map((field) => ({ field, description: 'is not a parameter of this gate' }));
    if (!/^\d+(\.\d+)?$/.test(parameters['min'] ?? ''))
      violations.push({ field: 'min', description: 'is not a number' });
    if (violations.length > 0) throw new InvalidArgumentError(violations);
  },
  evaluate: ({ candidate, parameters }) => {
    const value = candidate.evaluations.find(({ metric }) => metric === parameters['metric'])?.value;
    const passed = value !== undefined && value >= Number(parameters['min']);
    return {
      passed,
      reason: `${parameters['metric']} is ${value ?? 'not measured'}, at least ${parameters['min']} is asked`,
    };
  },
};

const context = (value: number): GateContext => ({
  workspace: 'default',
  alias: 'champion',
  candidate: { model: 'delay', version: 2, evaluations: [{ metric: 'auc', dataset: 'april', value }] },
  current: { model: 'delay', version: 1, evaluations: [] },
  parameters: { metric: 'auc', min: '0.7' },
});

gateSuite('a minimum', () => ({
  gate: minimumGate,
  passing: context(0.72),
  failing: context(0.5),
  invalidParameters: [
    { metric: 'auc', min: 'high' },
    { metric: 'auc', min: '' },
  ],
}));
