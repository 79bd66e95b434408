import { assertRevision, rollBackAlias as stepBack, rollbackTarget, type LiveAlias } from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { lockModel } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';
import { storeStep } from './move-alias.ts';

export interface RollBackAlias {
  readonly model: string;
  readonly alias: string;
  readonly expectedRevision: bigint | undefined;
  readonly requestId: string;
}

/**
 * Points an alias back at what it named before its last move; no gate is asked, for that version passed them.
 * @throws {FailedPreconditionError} reason ALIAS_ROLLBACK_IMPOSSIBLE. @throws {ConflictError} reason ALIAS_REVISION_MISMATCH.
 * @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_ALIAS_NOT_FOUND.
 */
export async function rollBackAlias(
  call: Call,
  { requestId, ...request }: RollBackAlias,
  { unitOfWork }: RegistryDependencies,
): Promise<LiveAlias> {
  const { model, alias, expectedRevision } = request;
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.RollBackAlias', requestId, request, async () => {
      await lockModel(tx, model);
      const current = await tx.aliases.get(model, alias);
      assertRevision(request, current, expectedRevision);
      const version = rollbackTarget(request, current);
      const target = await tx.versions.get(model, version);
      const step = stepBack(request, current, target, call.caller, tx.now);
      await storeStep(tx, step, { action: 'registry.aliases.roll_back', details: {} });
      return { ...step.next, version };
    }),
  );
}
