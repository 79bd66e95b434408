import { defaultPolicy, type AliasPolicy } from '../alias-policy.ts';
import type { AliasName } from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { findModel } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

/** The policy in force; the alias need not exist. @throws {NotFoundError} reason MODEL_NOT_FOUND. */
export function getAliasPolicy(
  { caller }: Call,
  { model, alias }: AliasName,
  { unitOfWork, limits }: RegistryDependencies,
): Promise<AliasPolicy> {
  return unitOfWork.read(caller, async (reads) => {
    await findModel(reads, model);
    return (await reads.policies.get(model, alias)) ?? defaultPolicy({ model, alias }, limits);
  });
}
