import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DomainError } from '@slipway/kernel';
import type { GateContext } from '@slipway/plugin-kit';
import { metricGate } from './metric-gate.ts';

const BASE = { metric: 'auc', dataset: 'april' };

function judge(parameters: Record<string, string>, value: number | undefined, held?: number | 'absent') {
  const evaluations = (of: number | undefined) => (of === undefined ? [] : [{ ...BASE, value: of }]);
  const context: GateContext = {
    workspace: 'default',
    alias: 'champion',
    candidate: { model: 'flights', version: 3, evaluations: evaluations(value) },
    current:
      held === undefined
        ? undefined
        : { model: 'flights', version: 2, evaluations: evaluations(held === 'absent' ? undefined : held) },
    parameters: { ...BASE, ...parameters },
  };
  return metricGate.evaluate(context);
}

const better = (by: string, direction: string) => ({ better_than_current_by: by, direction });
const within = (margin: string, direction: string) => ({ no_worse_than_current_by: margin, direction });

describe('metric gate', () => {
  it.each([
    [{ at_least: '0.65' }, 0.65, undefined, true, "auc 0.65 on 'april' is not below at_least 0.65"],
    [{ at_least: '0.65' }, 0.61, undefined, false, "auc 0.61 on 'april' is below at_least 0.65"],
    [{ at_most: '-1e-3' }, -0.001, undefined, true, 'not above at_most -0.001'],
    [{ at_most: '2' }, 2.5, undefined, false, 'above at_most 2'],
    [{ at_least: '1', at_most: '2' }, 0.5, undefined, false, "auc 0.5 on 'april' is below at_least 1"],
    [{ at_least: '1' }, undefined, undefined, false, "version 3 has no evaluation of auc on 'april'; record one"],
    [better('0.01', 'higher'), 0.72, 0.7, true, 'better than 0.7 of the current version 2 by 0.01 (higher is better)'],
    [better('0.01', 'higher'), 0.705, 0.7, false, 'not better than 0.7 of the current version 2 by 0.01'],
    [better('1', 'lower'), 8, 9, true, 'better than 9'],
    [better('1', 'lower'), 9, 9, false, 'not better than 9'],
    [better('0', 'higher'), 0.7, 0.7, false, 'not better than 0.7 of the current version 2 by 0'],
    [better('0', 'higher'), 0.71, 0.7, true, 'better than 0.7'],
    [better('1', 'higher'), 0.1, undefined, true, 'there is no current version to be better than'],
    [better('1', 'higher'), 0.1, 'absent', false, "the current version 2 has no evaluation of auc on 'april'"],
    [within('0.01', 'higher'), 0.69, 0.7, true, 'not worse than 0.7 of the current version 2 by more than 0.01'],
    [within('0.01', 'higher'), 0.68, 0.7, false, 'is worse than 0.7 of the current version 2 by more than 0.01'],
    [within('0', 'lower'), 9, 9, true, 'not worse than 9'],
    [within('0', 'lower'), 9.1, 9, false, 'worse than 9'],
    [{ at_least: '0.9', ...better('0', 'higher') }, 0.8, 0.7, false, 'below at_least 0.9'],
  ] as const)('%o of %s against %s: passed %s', (parameters, value, held, passed, reason) => {
    const verdict = judge({ ...parameters }, value, held);
    expect(verdict.reason).toContain(reason);
    expect(verdict.passed).toBe(passed);
  });

  it.each([
    ['metric', { dataset: 'd', at_least: '1' }],
    ['dataset', { metric: 'm', at_least: '1', dataset: '' }],
    ['at_least', { ...BASE }],
    ['at_least', { ...BASE, at_least: 'NaN' }],
    ['at_least', { ...BASE, at_least: 'Infinity' }],
    ['at_least', { ...BASE, at_least: '1e999' }],
    ['at_least', { ...BASE, at_least: '0x10' }],
    ['at_most', { ...BASE, at_most: '' }],
    ['at_most', { ...BASE, at_most: ' 1' }],
    ['at_least', { ...BASE, at_least: '2', at_most: '1' }],
    ['better_than_current_by', { ...BASE, better_than_current_by: '-1', direction: 'lower' }],
    ['no_worse_than_current_by', { ...BASE, no_worse_than_current_by: '-1', direction: 'lower' }],
    [
      'no_worse_than_current_by',
      { ...BASE, better_than_current_by: '1', no_worse_than_current_by: '1', direction: 'lower' },
    ],
    ['direction', { ...BASE, better_than_current_by: '1' }],
    ['direction', { ...BASE, better_than_current_by: '1', direction: 'up' }],
    ['direction', { ...BASE, at_least: '1', direction: 'lower' }],
    ['threshold', { ...BASE, at_least: '1', threshold: '1' }],
    ['toString', { ...BASE, at_least: '1', toString: '1' }],
  ])('blames %s of %o', (field, parameters) => {
    let error: unknown;
    try {
      metricGate.checkParameters(parameters);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(DomainError);
    expect((error as DomainError).violations.map((violation) => violation.field)).toEqual([field]);
  });

  it('for all values and bounds: passes just when the value lies between them', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, double, double, (value, one, other) => {
        const [least, most] = one <= other ? [one, other] : [other, one];
        const verdict = judge({ at_least: String(least), at_most: String(most) }, value);
        expect(verdict.passed).toBe(value >= least && value <= most);
      }),
    );
  });
});
