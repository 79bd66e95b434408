import type { RegistryDependencies } from '../dependencies.ts';
import { selectVersion, viewVersion, type VersionView } from '../lookup.ts';
import type { VersionSelector } from '../model-version.ts';
import type { Call } from '../unit-of-work.ts';

export interface GetModelVersion {
  readonly model: string;
  readonly selector: VersionSelector;
}

/** @throws {NotFoundError} reason MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND or MODEL_ALIAS_NOT_FOUND. */
export function getModelVersion(
  { caller }: Call,
  { model, selector }: GetModelVersion,
  { unitOfWork }: RegistryDependencies,
): Promise<VersionView> {
  return unitOfWork.read(caller, async (reads) => viewVersion(reads, await selectVersion(reads, model, selector)));
}
