import type { ArtifactOwner__Output, UploadArtifactRequest__Output } from '@slipway/contracts/slipway.tracking.v1';
import { InvalidArgumentError } from '@slipway/kernel';
import type { FileRange } from '../domain/artifact-files.ts';
import type { ArtifactOwner } from '../domain/artifact-home.ts';
import type { UploadMessage } from '../domain/upload-stream.ts';
import type { UploadHeader } from '../domain/use-cases/upload-artifact.ts';

interface Owned {
  /** Of messages that are older than owners. */
  readonly run_id?: string;
  readonly owner: ArtifactOwner__Output | null;
}

/** @throws {InvalidArgumentError} when none, an empty one or two are named. */
export function ownerOf({ run_id: runId = '', owner }: Owned): ArtifactOwner {
  if (runId !== '' && owner?.owner !== undefined) {
    throw InvalidArgumentError.of('owner', 'name a run by run_id or an owner, not both');
  }
  if (runId !== '') return { kind: 'run', id: runId };
  const { run_id, model_id, location } = owner ?? {};
  if (run_id !== undefined && run_id !== '') return { kind: 'run', id: run_id };
  if (model_id !== undefined && model_id !== '') return { kind: 'model', id: model_id };
  if (location !== undefined && location !== '') return { kind: 'location', location };
  throw InvalidArgumentError.of(owner ? 'owner' : 'run_id', `Missing value for required parameter 'run_id'.`);
}

export const namedArtifactOf = (request: Owned & { readonly path: string }) => ({
  owner: ownerOf(request),
  path: request.path,
});

/** Without offset and length the whole file is meant, which may be empty. */
export function rangeOf(request: { readonly offset: string; readonly length: string }): FileRange | undefined {
  const [offset, length] = [BigInt(request.offset), BigInt(request.length)];
  if (offset === 0n && length === 0n) return undefined;
  return { offset, length: length === 0n ? undefined : length };
}

/** The messages of an upload as the domain reads them; leaving the iteration ends the call's. */
export async function* uploadMessages(
  requests: AsyncIterable<UploadArtifactRequest__Output>,
): AsyncGenerator<UploadMessage<UploadHeader>, void, undefined> {
  for await (const { part, header, chunk } of requests) {
    if (part === 'chunk' && chunk) yield { kind: 'chunk', bytes: chunk };
    else if (part === 'header' && header) {
      yield { kind: 'header', header: { ...namedArtifactOf(header), sha256: header.sha256 } };
    } else yield { kind: 'nothing' };
  }
}
