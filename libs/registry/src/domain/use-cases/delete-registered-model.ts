import type { RegistryDependencies } from '../dependencies.ts';
import { assertPermitted } from '@slipway/kernel';
import { modelHasAliases } from '../errors.ts';
import { lockModel } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';
import { dropAliases } from './drop-aliases.ts';

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
      if (withAliases) await dropAliases(tx, call, { model: name });
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
