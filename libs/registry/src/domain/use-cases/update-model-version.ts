import type { RegistryDependencies } from '../dependencies.ts';
import { findVersion, lockModel, viewVersion, type VersionView } from '../lookup.ts';
import { applyEdit, type Edit } from '../registered-model.ts';
import type { Call } from '../unit-of-work.ts';

export interface UpdateModelVersion extends Edit {
  readonly model: string;
  readonly version: bigint;
  readonly requestId: string;
}

/** Changes description and tags; the package stays as it is. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND. */
export function updateModelVersion(
  call: Call,
  { requestId, ...edit }: UpdateModelVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<VersionView> {
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.UpdateModelVersion', requestId, edit, async () => {
      await lockModel(tx, edit.model);
      const current = await findVersion(tx, edit.model, edit.version);
      const next = applyEdit(current, edit, tx.now);
      if (!next) return viewVersion(tx, current);
      await tx.versions.update(next);
      const resource = `models/${edit.model}/versions/${edit.version}`;
      tx.audit.add({ action: 'registry.versions.update', resource, details: {} });
      return viewVersion(tx, next);
    }),
  );
}
