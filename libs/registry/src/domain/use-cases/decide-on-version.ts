import { APPROVALS_MAX, decide, type Approval, type ApprovalDecision } from '../approval.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { boundReached } from '../errors.ts';
import { findVersion, lockModel } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

export interface DecideOnVersion {
  readonly model: string;
  readonly version: bigint;
  readonly alias: string;
  readonly comment: string;
  readonly requestId: string;
}

/**
 * Agrees that a version takes an alias.
 * @throws {DeniedError} reason SELF_APPROVAL for the version's creator. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND.
 */
export const approveModelVersion = (call: Call, request: DecideOnVersion, deps: RegistryDependencies) =>
  decideOnVersion(call, request, 'approved', deps);

/** Refuses that a version takes an alias; approvals given before no longer count. Its creator may do that, too. */
export const rejectModelVersion = (call: Call, request: DecideOnVersion, deps: RegistryDependencies) =>
  decideOnVersion(call, request, 'rejected', deps);

const METHOD = { approved: 'registry.ApproveModelVersion', rejected: 'registry.RejectModelVersion' } as const;
const ACTION = { approved: 'registry.versions.approve', rejected: 'registry.versions.reject' } as const;

async function decideOnVersion(
  call: Call,
  { requestId, ...request }: DecideOnVersion,
  decision: ApprovalDecision,
  { unitOfWork, ids }: RegistryDependencies,
): Promise<Approval> {
  const { model: name, version, alias, comment } = request;
  return unitOfWork.run(call, (tx) =>
    tx.once(METHOD[decision], requestId, request, async () => {
      const model = await lockModel(tx, name);
      const found = await findVersion(tx, name, version);
      const earlier = await tx.approvals.about(name, version, alias);
      if (earlier.length >= APPROVALS_MAX) {
        throw boundReached(
          'MODEL_APPROVALS_MAX',
          `version ${version} of model '${name}' has ${earlier.length} decisions about alias '${alias}'; no more are kept`,
          { model: name, version: version.toString(), alias },
        );
      }
      const sequence = model.lastSequence + 1n;
      const by = { caller: call.caller, id: ids.next(), sequence, now: tx.now };
      const { approval, fact } = decide(found, { alias, decision, comment }, by);
      await tx.models.update({ ...model, lastSequence: sequence });
      await tx.approvals.add(approval);
      tx.events.add(fact);
      const resource = `models/${name}/versions/${version}`;
      tx.audit.add({ action: ACTION[decision], resource, details: { alias, digest: approval.digest } });
      return approval;
    }),
  );
}
