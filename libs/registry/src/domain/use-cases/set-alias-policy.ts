import { defaultPolicy, type AliasPolicy, type GateSpec } from '../alias-policy.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { assertGates } from '../gates/gates.ts';
import { lockModel } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

export interface SetAliasPolicy {
  readonly model: string;
  readonly alias: string;
  readonly gates: readonly GateSpec[];
  readonly approvalsRequired: number;
  readonly requestId: string;
}

/**
 * Sets what a version must show before it may take the alias; moves already made stay.
 * @throws {InvalidArgumentError} reason GATE_UNKNOWN or GATE_PARAMETERS_INVALID. @throws {NotFoundError} reason MODEL_NOT_FOUND.
 */
export async function setAliasPolicy(
  call: Call,
  { requestId, ...request }: SetAliasPolicy,
  { unitOfWork, gates, limits }: RegistryDependencies,
): Promise<AliasPolicy> {
  assertGates(request.gates, gates);
  const { model, alias } = request;
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.SetAliasPolicy', requestId, request, async () => {
      await lockModel(tx, model);
      const current = (await tx.policies.get(model, alias)) ?? defaultPolicy(request, limits);
      const policy: AliasPolicy = { ...request, revision: current.revision + 1n };
      await tx.policies.put(policy);
      tx.audit.add({
        action: 'registry.policies.set',
        resource: `models/${model}/aliases/${alias}`,
        details: {
          gates: request.gates.map(({ gate }) => gate).join(', '),
          approvals_required: request.approvalsRequired.toString(),
          revision: policy.revision.toString(),
        },
      });
      return policy;
    }),
  );
}
