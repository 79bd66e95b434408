import type { Caller, Micros } from '@slipway/kernel';
import { selfApproval } from './errors.ts';
import type { ApprovalGiven } from './facts.ts';
import type { ModelVersion } from './model-version.ts';

export type ApprovalDecision = 'approved' | 'rejected';

/** One person's word on one version and alias. */
export interface Approval {
  readonly id: string;
  readonly model: string;
  readonly version: bigint;
  readonly alias: string;
  /** Order among the approvals of the model: a greater one is newer. */
  readonly sequence: bigint;
  /** Of the package that was looked at. */
  readonly digest: string;
  readonly decision: ApprovalDecision;
  readonly principal: string;
  readonly comment: string;
  readonly time: Micros;
}

/** Bound on the decisions about one version and alias; all of them are read when the alias moves. */
export const APPROVALS_MAX = 1000;

/** @throws {DeniedError} reason SELF_APPROVAL when the creator of the version approves it. */
export function decide(
  version: ModelVersion,
  given: { alias: string; decision: ApprovalDecision; comment: string },
  by: { caller: Caller; id: string; sequence: bigint; now: Micros },
): { approval: Approval; fact: ApprovalGiven } {
  const { principal } = by.caller;
  if (given.decision === 'approved' && principal === version.principal) {
    throw selfApproval(version.model, version.version, principal);
  }
  const { decision, ...words } = given;
  const shared = { model: version.model, version: version.version, digest: version.digest, principal, ...words };
  return {
    approval: { ...shared, decision, id: by.id, sequence: by.sequence, time: by.now },
    fact: { ...shared, kind: decision === 'approved' ? 'approval-granted' : 'approval-rejected' },
  };
}

/**
 * Principals whose approval of this package for this alias stands: given after the last rejection, not by its creator, each counted once.
 * @param approvals of one version and alias, in any order.
 */
export function standingApprovers(version: ModelVersion, approvals: readonly Approval[]): readonly string[] {
  const ordered = approvals
    .filter(({ digest }) => digest === version.digest)
    .sort((left, right) => (left.sequence < right.sequence ? -1 : 1));
  const afterRejection = ordered.slice(ordered.findLastIndex(({ decision }) => decision === 'rejected') + 1);
  return [...new Set(afterRejection.map(({ principal }) => principal))].filter((who) => who !== version.principal);
}
