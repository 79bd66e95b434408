import type { RegistryDependencies } from '../dependencies.ts';
import { judgeMove, type AliasCheck } from '../gates/judge-move.ts';
import { openMoveCase } from '../gates/open-move-case.ts';
import { findVersion } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

export interface CheckAliasMove {
  readonly model: string;
  readonly alias: string;
  readonly version: bigint;
}

/** What a move would be told now; changes nothing. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND. */
export function checkAliasMove(
  { caller }: Call,
  request: CheckAliasMove,
  { unitOfWork, gates, limits }: RegistryDependencies,
): Promise<readonly AliasCheck[]> {
  return unitOfWork.read(caller, async (reads) => {
    const version = await findVersion(reads, request.model, request.version);
    const current = await reads.aliases.get(request.model, request.alias);
    return judgeMove(await openMoveCase(reads, caller.workspace, request, version, current, limits), gates);
  });
}
