import { InvalidArgumentError } from '@slipway/kernel';
import type { CreateModelVersionRequest__Output } from '@slipway/contracts/slipway.registry.v1';
import type { CallContext } from '@slipway/platform';
import type { PageRequest } from '../domain/paging.ts';
import type { ModelStage, VersionSelector } from '../domain/model-version.ts';
import type { Call } from '../domain/unit-of-work.ts';
import type { UploadPart } from '../domain/upload/upload-reader.ts';

const PAGE_SIZE_DEFAULT = 100;

export const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
export const pageOf = (request: { page_size: number; page_token: string }): PageRequest => ({
  pageSize: request.page_size === 0 ? PAGE_SIZE_DEFAULT : request.page_size,
  pageToken: request.page_token,
});

export const searchOf = (request: { filter: string; order_by: string[]; page_size: number; page_token: string }) => ({
  ...pageOf(request),
  filter: request.filter,
  orderBy: request.order_by,
});

export const nextPageToken = ({ nextPageToken }: { nextPageToken?: string }) => ({
  next_page_token: nextPageToken ?? '',
});

export const optionalInt64 = (text: string | undefined): bigint | undefined =>
  text === undefined ? undefined : BigInt(text);

/** @throws {InvalidArgumentError} when neither a version nor an alias is named. */
export function selectorOf(request: { version?: string; alias?: string; selector?: string }): VersionSelector {
  if (request.selector === 'version' && request.version !== undefined) return { version: BigInt(request.version) };
  if (request.selector === 'alias' && request.alias !== undefined && request.alias !== '') {
    return { alias: request.alias };
  }
  throw InvalidArgumentError.of('selector', 'name a version or an alias');
}

/** @throws {InvalidArgumentError} on no stage, or one of a later contract. */
export function stageOf(stage: string): ModelStage {
  switch (stage) {
    case 'MODEL_STAGE_NONE':
      return 'none';
    case 'MODEL_STAGE_STAGING':
      return 'staging';
    case 'MODEL_STAGE_PRODUCTION':
      return 'production';
    case 'MODEL_STAGE_ARCHIVED':
      return 'archived';
    default:
      throw InvalidArgumentError.of('stage', 'must be none, staging, production or archived');
  }
}

export const editOf = (request: { description?: string; set_tags: Record<string, string>; remove_tags: string[] }) => ({
  description: request.description,
  setTags: request.set_tags,
  removeTags: request.remove_tags,
});

/** The parts of an upload as the domain reads them; leaving the iteration ends the call's. */
export async function* uploadParts(
  requests: AsyncIterable<CreateModelVersionRequest__Output>,
): AsyncGenerator<UploadPart, void, undefined> {
  for await (const request of requests) yield uploadPart(request);
}

function uploadPart({ part, header, chunk, file_end }: CreateModelVersionRequest__Output): UploadPart {
  if (part === 'chunk' && chunk) return { kind: 'chunk', bytes: chunk };
  if (part === 'file_end' && file_end === true) return { kind: 'file-end' };
  if (part !== 'header' || !header) return { kind: 'nothing' };
  return {
    kind: 'header',
    header: {
      model: header.model,
      description: header.description,
      tags: header.tags,
      files: header.files.map(({ path, bytes, sha256 }) => ({ path, bytes: Number(bytes), sha256 })),
      graph: header.graph,
      features: header.features,
      runId: header.run_id,
      trainingSetId: header.training_set_id,
      preprocessingJson: header.preprocessing_json,
      postprocessingJson: header.postprocessing_json,
      requestId: header.request_id,
    },
  };
}
