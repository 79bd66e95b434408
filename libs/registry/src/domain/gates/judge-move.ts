import type { GateCandidate } from '@slipway/plugin-kit';
import { FailedPreconditionError } from '@slipway/kernel';
import type { AliasPolicy, GateSpec } from '../alias-policy.ts';
import { standingApprovers, type Approval } from '../approval.ts';
import type { ModelVersion } from '../model-version.ts';
import type { RegistryErrorReason } from '../errors.ts';
import type { Gates } from './gates.ts';

/** What a gate or the approvals say about one move. */
export interface AliasCheck {
  /** Name of a gate driver, or `approvals`. */
  readonly check: string;
  readonly passed: boolean;
  /** One sentence with the numbers that decided. */
  readonly reason: string;
}

/** All that decides one move, read in one transaction. */
export interface MoveCase {
  readonly workspace: string;
  readonly policy: AliasPolicy;
  readonly version: ModelVersion;
  /** Decisions about this version and alias. */
  readonly approvals: readonly Approval[];
  readonly candidate: GateCandidate;
  /** The version that holds the alias now. */
  readonly current: GateCandidate | undefined;
}

/** One check for each gate in the order of the policy, then the approvals. Pure. */
export function judgeMove(move: MoveCase, gates: Gates): readonly AliasCheck[] {
  return [...move.policy.gates.map((spec) => judgeGate(spec, move, gates)), judgeApprovals(move)];
}

function judgeGate(spec: GateSpec, move: MoveCase, gates: Gates): AliasCheck {
  const gate = gates.get(spec.gate);
  if (!gate) {
    // the policy is older than this server's configuration; to let the move pass would open the gate by removing it
    return { check: spec.gate, passed: false, reason: `gate '${spec.gate}' is not installed on this server` };
  }
  const { workspace, policy, candidate, current } = move;
  const verdict = gate.evaluate({ workspace, alias: policy.alias, candidate, current, parameters: spec.parameters });
  return { check: spec.gate, passed: verdict.passed, reason: verdict.reason };
}

function judgeApprovals({ policy, version, approvals }: MoveCase): AliasCheck {
  const needed = policy.approvalsRequired;
  if (needed === 0) return { check: 'approvals', passed: true, reason: 'no approval is required' };
  const approvers = standingApprovers(version, approvals);
  const passed = approvers.length >= needed;
  if (passed)
    return { check: 'approvals', passed, reason: `${approvers.length} of ${needed}: ${approvers.join(', ')}` };
  const others = [version.principal, ...approvers].map((who) => `'${who}'`).join(', ');
  return {
    check: 'approvals',
    passed,
    reason: `${approvers.length} of ${needed}, ask another principal than ${others}`,
  };
}

/** @throws {FailedPreconditionError} reason ALIAS_MOVE_REFUSED with a fact per check, when one of them did not pass. */
export function assertPassed(checks: readonly AliasCheck[], { version, policy }: MoveCase): void {
  const failed = checks.filter(({ passed }) => !passed);
  if (failed.length === 0) return;
  const sentences = failed.map(({ check, reason }) =>
    check === 'approvals' ? `approvals: ${reason}` : `gate ${check} refused: ${reason}`,
  );
  const reason: RegistryErrorReason = 'ALIAS_MOVE_REFUSED';
  throw new FailedPreconditionError(
    `alias '${policy.alias}' of model '${version.model}' cannot move to version ${version.version}: ${sentences.join('; ')}`,
    { reason, facts: factsOf(checks, { version, policy }) },
  );
}

function factsOf(checks: readonly AliasCheck[], { version, policy }: Pick<MoveCase, 'version' | 'policy'>) {
  const facts: Record<string, string> = {
    model: version.model,
    alias: policy.alias,
    version: version.version.toString(),
  };
  for (const { check, passed, reason } of checks) {
    const name = check === 'approvals' ? check : `gate_${check.replaceAll('.', '_')}`.slice(0, 56);
    let key = name;
    for (let count = 2; Object.hasOwn(facts, key); count++) key = `${name}_${count}`; // the same gate more than once
    facts[key] = `${passed ? 'passed' : 'refused'}: ${reason}`;
  }
  return facts;
}
