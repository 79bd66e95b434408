import type { RegistryDependencies } from '../dependencies.ts';
import { lockModel, viewModel, type ModelView } from '../lookup.ts';
import { applyEdit, type Edit } from '../registered-model.ts';
import type { Call } from '../unit-of-work.ts';

export interface UpdateRegisteredModel extends Edit {
  readonly name: string;
  readonly requestId: string;
}

/** Changes description and tags; an edit that changes nothing leaves no trace. @throws {NotFoundError} reason MODEL_NOT_FOUND. */
export function updateRegisteredModel(
  call: Call,
  { requestId, ...edit }: UpdateRegisteredModel,
  { unitOfWork }: RegistryDependencies,
): Promise<ModelView> {
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.UpdateRegisteredModel', requestId, edit, async () => {
      const current = await lockModel(tx, edit.name);
      const next = applyEdit(current, edit, tx.now);
      if (!next) return viewModel(tx, current);
      await tx.models.update(next);
      tx.events.add({ kind: 'model-changed', model: next.name, deleted: false });
      tx.audit.add({ action: 'registry.models.update', resource: `models/${next.name}`, details: {} });
      return viewModel(tx, next);
    }),
  );
}
