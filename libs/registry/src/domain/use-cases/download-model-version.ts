import { encodeEnvelope } from '@slipway/model-package';
import type { RegistryDependencies } from '../dependencies.ts';
import { packageFileLost, versionWithoutPackage } from '../errors.ts';
import { selectVersion } from '../lookup.ts';
import type { Call } from '../unit-of-work.ts';
import type { GetModelVersion } from './get-model-version.ts';

/** One message of a download. */
export type DownloadPart =
  | { readonly kind: 'envelope'; readonly json: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array };

/** Fits the flow-control window of a connection several times, and any message limit. */
export const DOWNLOAD_CHUNK_BYTES_MAX = 256 * 1024;

/**
 * The signed manifest, then each file in the order of the manifest. Nothing is read ahead of who iterates.
 * @throws {NotFoundError} as GetModelVersion. @throws {FailedPreconditionError} reason MODEL_WITHOUT_PACKAGE. @throws {DataLossError} reason PACKAGE_FILE_LOST before a wrong file is complete.
 */
export async function* downloadModelVersion(
  { caller }: Call,
  { model, selector }: GetModelVersion,
  { unitOfWork, packages }: RegistryDependencies,
  signal: AbortSignal,
): AsyncGenerator<DownloadPart, void, undefined> {
  const { version, envelope } = await unitOfWork.read(caller, async (reads) => {
    const found = await selectVersion(reads, model, selector);
    return { version: found, envelope: await reads.versions.envelope(model, found.version) };
  });
  if (version.digest === '') throw versionWithoutPackage(version.model, version.version);
  if (!envelope) throw packageFileLost('envelope', `of version ${version.version} of model '${model}' is gone`);
  yield { kind: 'envelope', json: Buffer.from(encodeEnvelope(envelope)).toString('utf8') };
  for (const file of version.files) {
    yield { kind: 'file', path: file.path };
    for await (const chunk of packages.read(caller.workspace, file, signal)) {
      for (let at = 0; at < chunk.length; at += DOWNLOAD_CHUNK_BYTES_MAX) {
        yield { kind: 'chunk', bytes: chunk.subarray(at, at + DOWNLOAD_CHUNK_BYTES_MAX) };
      }
    }
  }
}
