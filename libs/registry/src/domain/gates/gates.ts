import { DomainError, InvalidArgumentError, type FieldViolation } from '@slipway/kernel';
import type { Gate } from '@slipway/plugin-kit';
import type { GateSpec } from '../alias-policy.ts';

/** The gates of this server by driver name. */
export type Gates = ReadonlyMap<string, Gate>;

/**
 * Checks the gates of a policy before it is stored.
 * @throws {InvalidArgumentError} reason GATE_UNKNOWN (listing the known ones) or GATE_PARAMETERS_INVALID, every violation by its path.
 */
export function assertGates(specs: readonly GateSpec[], gates: Gates): void {
  const unknown = specs.flatMap(({ gate }, index): FieldViolation[] => {
    if (gates.has(gate)) return [];
    const known = [...gates.keys()].sort().join(', ');
    return [
      { field: `gates[${index}].gate`, description: `'${gate}' is not installed here; known gates are ${known}` },
    ];
  });
  if (unknown.length > 0) throw new InvalidArgumentError(unknown, { reason: 'GATE_UNKNOWN' });
  const wrong = specs.flatMap((spec, index) => parameterProblems(spec, `gates[${index}].parameters`, gates));
  if (wrong.length > 0) throw new InvalidArgumentError(wrong, { reason: 'GATE_PARAMETERS_INVALID' });
}

function parameterProblems({ gate, parameters }: GateSpec, path: string, gates: Gates): readonly FieldViolation[] {
  try {
    gates.get(gate)?.checkParameters(parameters);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.violations.length === 0) return [{ field: path, description: error.message }];
    return error.violations.map(({ field, description }) => ({ field: `${path}.${field}`, description }));
  }
}
