import { deleteAlias as stepOut, type AliasName } from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { lockModel } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';
import { storeStep } from './move-alias.ts';

export interface DeleteAlias extends AliasName {
  readonly requestId: string;
}

/** Removes an alias; its revisions go on when it is made again. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_ALIAS_NOT_FOUND. */
export async function deleteAlias(
  call: Call,
  { requestId, ...request }: DeleteAlias,
  { unitOfWork }: RegistryDependencies,
): Promise<void> {
  await unitOfWork.run(call, (tx) =>
    tx.once('registry.DeleteAlias', requestId, request, async () => {
      await lockModel(tx, request.model);
      const current = await tx.aliases.get(request.model, request.alias);
      const step = stepOut(request, current, call.caller, tx.now);
      await storeStep(tx, step, { action: 'registry.aliases.delete', details: {} });
      return {};
    }),
  );
}
