import type { RegistryDependencies } from '../dependencies.ts';
import { modelAlreadyExists } from '../errors.ts';
import type { ModelView } from '../lookup.ts';
import { createModel, type ModelDraft } from '../registered-model.ts';
import type { Call } from '../unit-of-work.ts';

export interface CreateRegisteredModel extends ModelDraft {
  readonly requestId: string;
}

/** Takes a name. Under the name of a deleted model the version numbers go on. @throws {AlreadyExistsError} when the name is taken. */
export function createRegisteredModel(
  call: Call,
  { requestId, ...draft }: CreateRegisteredModel,
  { unitOfWork }: RegistryDependencies,
): Promise<ModelView> {
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.CreateRegisteredModel', requestId, draft, async () => {
      const former = await tx.models.lock(draft.name);
      if (former && !former.deleted) throw modelAlreadyExists(draft.name);
      const { next, fact } = createModel(draft, former, call.caller, tx.now);
      await (former ? tx.models.update(next) : tx.models.insert(next));
      tx.events.add(fact);
      tx.audit.add({ action: 'registry.models.create', resource: `models/${next.name}`, details: {} });
      return { model: next, aliases: [] };
    }),
  );
}
