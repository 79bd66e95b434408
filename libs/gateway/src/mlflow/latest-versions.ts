import type { CallOptions } from '@slipway/clients';
import type { ModelVersion__Output } from '@slipway/contracts/slipway.registry.v1';
import type { RegistryClient } from './call-route.ts';
import { newestByStage } from './registry-shapes.ts';

const PAGE_SIZE = 1_000;

/**
 * The newest version of each stage of a model.
 * @param stages names of the proto; ends as soon as each of them was met. @throws {NotFoundError} when there is no such model.
 */
export async function latestVersions(
  registry: RegistryClient,
  model: string,
  stages: readonly string[],
  options: CallOptions,
): Promise<ModelVersion__Output[]> {
  const wanted = new Set(stages);
  let newest: ModelVersion__Output[] = [];
  let page_token = '';
  do {
    const request = { model, order_by: 'version desc', page_size: PAGE_SIZE, page_token };
    const page = await registry.listModelVersions(request, options);
    newest = newestByStage([...newest, ...page.versions.filter(({ stage }) => wanted.has(normal(stage)))]);
    page_token = newest.length >= wanted.size ? '' : page.next_page_token;
  } while (page_token !== '');
  return newest;
}

const normal = (stage: string): string => (stage === 'MODEL_STAGE_UNSPECIFIED' ? 'MODEL_STAGE_NONE' : stage);
