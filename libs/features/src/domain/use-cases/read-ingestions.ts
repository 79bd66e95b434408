import type { RejectedRow } from '@slipway/plugin-kit';
import type { FeatureDependencies } from '../dependencies.ts';
import { ingestionNotFound } from '../errors.ts';
import type { Ingestion } from '../ingestion.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Call } from '../unit-of-work.ts';

/** @throws {NotFoundError} reason INGESTION_NOT_FOUND. */
export function getIngestion({ caller }: Call, id: string, { unitOfWork }: FeatureDependencies): Promise<Ingestion> {
  return unitOfWork.read(caller, async ({ ingestions }) => {
    const ingestion = await ingestions.get(id);
    if (!ingestion) throw ingestionNotFound(id);
    return ingestion;
  });
}

/** Newest first. @param source undefined for all. */
export const listIngestions = (
  { caller }: Call,
  { source, ...page }: PageRequest & { readonly source: string | undefined },
  { unitOfWork }: FeatureDependencies,
): Promise<Page<Ingestion>> => unitOfWork.read(caller, ({ ingestions }) => ingestions.list(source, page));

/**
 * Rows of an ingestion that broke the contract, in the order of the file.
 * @param from number of the first row to look at. @throws {NotFoundError} reason INGESTION_NOT_FOUND.
 */
export async function listQuarantinedRows(
  call: Call,
  { ingestionId, from, limit }: { readonly ingestionId: string; readonly from: bigint; readonly limit: number },
  deps: FeatureDependencies,
  signal: AbortSignal,
): Promise<readonly RejectedRow[]> {
  const { quarantine } = await getIngestion(call, ingestionId, deps);
  if (!quarantine) return [];
  const opened = await deps.files.open(call.caller.workspace, [quarantine], signal);
  try {
    const [path = ''] = opened.paths;
    return await deps.offline.readRejected(path, from, limit, signal);
  } finally {
    opened.release();
  }
}
