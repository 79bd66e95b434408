import type { RegistryDependencies } from '../dependencies.ts';
import { stageInvalid } from '../errors.ts';
import { findVersion, lockModel, viewVersion, type VersionView } from '../lookup.ts';
import type { ModelStage } from '../model-version.ts';
import type { Call } from '../unit-of-work.ts';

export interface TransitionStage {
  readonly model: string;
  readonly version: bigint;
  readonly stage: ModelStage;
  /** Others in that stage become archived. */
  readonly archiveExisting: boolean;
  readonly requestId: string;
}

/**
 * Moves a version to another stage; no alias moves with it.
 * @throws {InvalidArgumentError} reason STAGE_INVALID. @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND.
 */
export async function transitionStage(
  call: Call,
  { requestId, ...request }: TransitionStage,
  { unitOfWork }: RegistryDependencies,
): Promise<VersionView> {
  const { model, version, stage, archiveExisting } = request;
  if (archiveExisting && stage !== 'staging' && stage !== 'production') throw stageInvalid();
  return unitOfWork.run(call, (tx) =>
    tx.once('registry.TransitionModelVersionStage', requestId, request, async () => {
      await lockModel(tx, model);
      const current = await findVersion(tx, model, version);
      if (archiveExisting) await tx.versions.archive({ model, stage, except: version });
      const next = { ...current, stage, updateTime: tx.now };
      await tx.versions.update(next);
      tx.events.add({ kind: 'model-changed', model, deleted: false });
      const resource = `models/${model}/versions/${version}`;
      const details = { stage, previous_stage: current.stage, archive_existing: String(archiveExisting) };
      tx.audit.add({ action: 'registry.versions.transition', resource, details });
      return viewVersion(tx, next);
    }),
  );
}
