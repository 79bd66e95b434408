import { InvalidArgumentError } from '@slipway/kernel';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gate, GateContext, GateVerdict } from '../gate.ts';

export interface GateSubject {
  readonly gate: Gate;
  /** One context that passes and one that does not; their parameters are valid. */
  readonly passing: GateContext;
  readonly failing: GateContext;
  /** Each must be refused, e.g. a threshold that is no number. */
  readonly invalidParameters: readonly Readonly<Record<string, string>>[];
}

/** Every gate passes this. */
export function gateSuite(name: string, make: () => GateSubject): void {
  describe(`gate contract: ${name}`, () => {
    it('takes its own parameters and refuses unknown ones by name', () => {
      const { gate, passing, failing } = make();
      for (const { parameters } of [passing, failing]) expect(() => gate.checkParameters(parameters)).not.toThrow();
      const unknown = { ...passing.parameters, 'no-such-parameter': '1' };
      const error = thrown(() => gate.checkParameters(unknown));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as InvalidArgumentError).message).toContain('no-such-parameter');
    });

    it('refuses invalid parameters, each with the name of a field', () => {
      const { gate, invalidParameters } = make();
      expect(invalidParameters.length).toBeGreaterThan(0);
      for (const parameters of invalidParameters) {
        const error = thrown(() => gate.checkParameters(parameters));
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect((error as InvalidArgumentError).violations.length).toBeGreaterThan(0);
      }
    });

    it('lets one through and stops the other', () => {
      const { gate, passing, failing } = make();
      expect(gate.evaluate(passing).passed).toBe(true);
      expect(gate.evaluate(failing).passed).toBe(false);
    });

    it('gives one line as its reason', () => {
      const { gate, passing, failing } = make();
      for (const context of [passing, failing]) expectReason(gate.evaluate(context));
    });

    it('gives the same verdict for the same context, also from another instance, and changes nothing', () => {
      const first = make();
      for (const context of [first.passing, first.failing]) {
        const frozen = deepFreeze(structuredClone(context));
        const verdict = first.gate.evaluate(frozen);
        expect(first.gate.evaluate(frozen)).toEqual(verdict);
        expect(make().gate.evaluate(structuredClone(context))).toEqual(verdict);
      }
    });

    it('for all measured values, and for none: a verdict with a reason', () => {
      const { gate, passing } = make();
      const values = fc.array(fc.double(), { maxLength: passing.candidate.evaluations.length });
      fc.assert(
        fc.property(values, fc.boolean(), (measured, hasCurrent) => {
          const evaluations = passing.candidate.evaluations
            .slice(0, measured.length)
            .map((evaluation, index) => ({ ...evaluation, value: measured[index] ?? 0 }));
          const candidate = { ...passing.candidate, evaluations };
          expectReason(gate.evaluate({ ...passing, candidate, current: hasCurrent ? passing.current : undefined }));
        }),
      );
    });
  });
}

function expectReason({ passed, reason }: GateVerdict): void {
  expect(typeof passed).toBe('boolean');
  expect(reason).toMatch(/^\S[^\n\r]{2,998}$/);
}

function thrown(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
