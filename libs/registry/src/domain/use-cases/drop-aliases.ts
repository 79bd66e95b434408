import { deleteAlias } from '../alias.ts';
import type { Call, RegistryTransaction } from '../unit-of-work.ts';
import { storeStep } from './move-alias.ts';

/**
 * Removes the aliases of a model, of one version or of all, but those with a policy: what needs approvals to move does not vanish by the way.
 * The caller holds the model and has the permission to move aliases.
 */
export async function dropAliases(
  tx: RegistryTransaction,
  { caller }: Call,
  { model, version }: { readonly model: string; readonly version?: bigint },
): Promise<void> {
  for (const current of await tx.aliases.ofModels([model])) {
    if (version !== undefined && current.version !== version) continue;
    if (await tx.policies.get(model, current.name)) continue;
    const step = deleteAlias({ model, alias: current.name }, current, caller, tx.now);
    await storeStep(tx, step, { action: 'registry.aliases.delete', details: {} });
  }
}
