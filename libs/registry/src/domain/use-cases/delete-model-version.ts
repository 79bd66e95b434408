import { assertPermitted } from '@slipway/kernel';
import type { RegistryDependencies } from '../dependencies.ts';
import { modelVersionInUse } from '../errors.ts';
import { findVersion, lockModel, viewVersion } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';
import { dropAliases } from './drop-aliases.ts';

export interface DeleteModelVersion {
  readonly model: string;
  readonly version: bigint;
  /** The aliases that name it, too, unless one of them has a policy. */
  readonly withAliases: boolean;
  readonly requestId: string;
}

/** Deletes a version that no alias names any more. @throws {FailedPreconditionError} reason MODEL_VERSION_IN_USE. */
export async function deleteModelVersion(
  call: Call,
  { requestId, ...request }: DeleteModelVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<void> {
  const { model, version, withAliases } = request;
  if (withAliases) assertPermitted(call.caller, 'registry.aliases.move');
  await unitOfWork.run(call, (tx) =>
    tx.once('registry.DeleteModelVersion', requestId, request, async () => {
      await lockModel(tx, model);
      const found = await findVersion(tx, model, version);
      if (withAliases) await dropAliases(tx, call, { model, version });
      const { aliases } = await viewVersion(tx, found);
      if (aliases.length > 0) throw modelVersionInUse(model, version, aliases);
      await tx.blobs.renew(model, version);
      await tx.versions.delete(model, version);
      tx.events.add({ kind: 'version-deleted', model, version, principal: call.caller.principal });
      const resource = `models/${model}/versions/${version}`;
      tx.audit.add({ action: 'registry.versions.delete', resource, details: { digest: found.digest } });
      return {};
    }),
  );
}
