import type { RegistryDependencies } from '../dependencies.ts';
import { findModel, viewModel, type ModelView } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';

/** @throws {NotFoundError} reason MODEL_NOT_FOUND. */
export function getRegisteredModel(
  { caller }: Call,
  { name }: { readonly name: string },
  { unitOfWork }: RegistryDependencies,
): Promise<ModelView> {
  return unitOfWork.read(caller, async (reads) => viewModel(reads, await findModel(reads, name)));
}
