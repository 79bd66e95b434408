import type { RegistryDependencies } from '../dependencies.ts';
import { assertPermitted } from '@slipway/kernel';
import { deleteAlias } from '../alias.ts';
import { modelHasAliases } from '../errors.ts';
import { lockModel } from '../lookup.ts';
import type { Call, RegistryTransaction } from '../unit-of-work.ts';
import { storeStep } from './move-alias.ts';

export interface DeleteRegisteredModel {
  readonly name: string;
  /** Its aliases, too, unless one of them has a policy. */
  readonly withAliases: boolean;
  readonly requestId: string;
}

/** Deletes a model, its versions and policies; its counters stay. @throws {FailedPreconditionError} reason MODEL_HAS_ALIASES. */
export async function deleteRegisteredModel(
  call: Call,
  { requestId, ...request }: DeleteRegisteredModel,
  { unitOfWork }: RegistryDependencies,
): Promise<void> {
  const { name, withAliases } = request;
  if (withAliases) assertPermitted(call.caller, 'registry.aliases.move');
  await unitOfWork.run(call, (tx) =>
    tx.once('registry.DeleteRegisteredModel', requestId, request, async () => {
      const model = await lockModel(tx, name);
      if (withAliases) await deleteAliases(tx, call, name);
      const aliases = await tx.aliases.ofModels([name]);
      if (aliases.length > 0) throw modelHasAliases(name, aliases.map((alias) => alias.name)); // prettier-ignore
      await tx.blobs.renew(name);
      await tx.versions.deleteAll(name);
      await tx.policies.deleteAll(name);
      await tx.models.update({ ...model, description: '', tags: {}, updateTime: tx.now, deleted: true });
      tx.events.add({ kind: 'model-changed', model: name, deleted: true });
      const details = { last_version: model.lastVersion.toString() };
      tx.audit.add({ action: 'registry.models.delete', resource: `models/${name}`, details });
      return {};
    }),
  );
}

/** All but those with a policy: what needs approvals to move does not vanish by the way. */
async function deleteAliases(tx: RegistryTransaction, { caller }: Call, model: string): Promise<void> {
  for (const current of await tx.aliases.ofModels([model])) {
    if (await tx.policies.get(model, current.name)) continue;
    const step = deleteAlias({ model, alias: current.name }, current, caller, tx.now);
    await storeStep(tx, step, { action: 'registry.aliases.delete', details: {} });
  }
}
