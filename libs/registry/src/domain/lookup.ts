import { isLive, type LiveAlias } from './alias.ts';
import { modelAliasNotFound, modelNotFound, modelVersionNotFound } from './errors.ts';
import type { ModelVersion, VersionSelector } from './model-version.ts';
import type { RegisteredModel } from './registered-model.ts';
import type { RegistryReads, RegistryTransaction } from './unit-of-work.ts';

/** A model as callers see it. */
export interface ModelView {
  readonly model: RegisteredModel;
  readonly aliases: readonly LiveAlias[];
}

/** A version as callers see it. */
export interface VersionView {
  readonly version: ModelVersion;
  /** Names of the aliases that name it now. */
  readonly aliases: readonly string[];
}

/** @throws {NotFoundError} reason MODEL_NOT_FOUND. */
export async function findModel(reads: RegistryReads, name: string): Promise<RegisteredModel> {
  const model = await reads.models.get(name);
  if (!model || model.deleted) throw modelNotFound(name);
  return model;
}

/** Makes every other change below this model wait until the transaction ends. @throws {NotFoundError} reason MODEL_NOT_FOUND. */
export async function lockModel(tx: RegistryTransaction, name: string): Promise<RegisteredModel> {
  const model = await tx.models.lock(name);
  if (!model || model.deleted) throw modelNotFound(name);
  return model;
}

/** @throws {NotFoundError} reason MODEL_NOT_FOUND or MODEL_VERSION_NOT_FOUND. */
export async function findVersion(reads: RegistryReads, model: string, version: bigint): Promise<ModelVersion> {
  const found = await reads.versions.get(model, version);
  if (found) return found;
  await findModel(reads, model);
  throw modelVersionNotFound(model, version);
}

/** @throws {NotFoundError} reason MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND or MODEL_ALIAS_NOT_FOUND. */
export async function selectVersion(
  reads: RegistryReads,
  model: string,
  selector: VersionSelector,
): Promise<ModelVersion> {
  if ('version' in selector) return findVersion(reads, model, selector.version);
  const alias = await reads.aliases.get(model, selector.alias);
  if (isLive(alias)) return findVersion(reads, model, alias.version);
  await findModel(reads, model);
  throw modelAliasNotFound(model, selector.alias);
}

export async function viewModel(reads: RegistryReads, model: RegisteredModel): Promise<ModelView> {
  return { model, aliases: await reads.aliases.ofModels([model.name]) };
}

export async function viewVersion(reads: RegistryReads, version: ModelVersion): Promise<VersionView> {
  return viewOf(version, await reads.aliases.ofModels([version.model]));
}

/** @param aliases those of the version's model. */
export const viewOf = (version: ModelVersion, aliases: readonly LiveAlias[]): VersionView => ({
  version,
  aliases: aliases.filter((alias) => alias.version === version.version).map(({ name }) => name),
});
