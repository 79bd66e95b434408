import {
  assertRevision,
  isLive,
  moveAlias as stepTo,
  type Alias,
  type AliasName,
  type AliasStep,
  type LiveAlias,
} from '../alias.ts';
import type { RegistryDependencies } from '../dependencies.ts';
import { boundReached } from '../errors.ts';
import { assertPassed, judgeMove } from '../gates/judge-move.ts';
import { openMoveCase } from '../gates/open-move-case.ts';
import { ALIASES_MAX } from '../limits.ts';
import { findVersion, lockModel } from '../lookup.ts';
import type { AuditEntry, Call, RegistryTransaction } from '../unit-of-work.ts';

export interface MoveAlias {
  readonly model: string;
  readonly alias: string;
  readonly version: bigint;
  /** 0 means "names nothing yet"; undefined means any. */
  readonly expectedRevision: bigint | undefined;
  readonly requestId: string;
}

/**
 * Points an alias at a version that passes the alias's policy. A move to the version it names already changes nothing and asks no gate.
 * @throws {ConflictError} reason ALIAS_REVISION_MISMATCH. @throws {FailedPreconditionError} reason ALIAS_MOVE_REFUSED.
 * @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND.
 */
export async function moveAlias(
  call: Call,
  { requestId, ...request }: MoveAlias,
  { unitOfWork, gates, limits }: RegistryDependencies,
): Promise<LiveAlias> {
  const { model, alias, expectedRevision } = request;
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.MoveAlias', requestId, request, async () => {
      await lockModel(tx, model);
      const version = await findVersion(tx, model, request.version);
      const current = await tx.aliases.get(model, alias);
      assertRevision(request, current, expectedRevision);
      const step = stepTo(request, current, version, call.caller, tx.now);
      if (!step && isLive(current)) return current;
      if (!step) throw new Error('a move without a step leaves a live alias');
      const moveCase = await openMoveCase(tx, call.caller.workspace, request, version, current, limits);
      const checks = judgeMove(moveCase, gates);
      assertPassed(checks, moveCase);
      await assertRoom(tx, request, current);
      const verdicts = checks.map(({ check, reason }) => `${check}: ${reason}`).join('; ');
      await storeStep(tx, step, { action: 'registry.aliases.move', details: { checks: verdicts.slice(0, 8192) } });
      return { ...step.next, version: version.version };
    }),
  );
}

async function assertRoom(
  tx: RegistryTransaction,
  { model, alias }: AliasName,
  current: Alias | undefined,
): Promise<void> {
  if (isLive(current)) return;
  const aliases = await tx.aliases.ofModels([model]);
  if (aliases.length < ALIASES_MAX) return;
  const message = `model '${model}' has ${aliases.length} aliases, no more are kept; delete one before '${alias}' is made`;
  throw boundReached('MODEL_ALIASES_MAX', message, { model, alias });
}

/** State, move, fact and audit row of one step belong together. */
export async function storeStep(
  tx: RegistryTransaction,
  { next, move, fact }: AliasStep,
  { action, details }: Pick<AuditEntry, 'action' | 'details'>,
): Promise<void> {
  await tx.aliases.put(next);
  await tx.moves.add(move);
  tx.events.add(fact);
  tx.audit.add({
    action,
    resource: `models/${next.model}/aliases/${next.name}`,
    details: {
      version: next.version?.toString() ?? '',
      previous_version: next.previousVersion?.toString() ?? '',
      revision: next.revision.toString(),
      ...details,
    },
  });
}
