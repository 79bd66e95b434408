import { createHash } from 'node:crypto';
import type { RegistryService } from '@slipway/contracts/slipway.registry.v1';
import type { Client } from '@slipway/clients';
import { DataLossError, ExhaustedError } from '@slipway/kernel';
import { decodeEnvelope, verifyEnvelope, type PackageManifest, type TrustedKey } from '@slipway/model-package';

/** A verified model, as it is scored with. */
export interface VerifiedModel {
  readonly version: string;
  readonly model: Uint8Array;
  /** `view:feature` or `request:feature` for each input, in their order. */
  readonly features: readonly string[];
}

/** Larger graphs than any that serving loads. */
const GRAPH_BYTES_MAX = 2 * 1024 ** 3;

/**
 * Downloads a version and checks its signature, that it is the one that was asked for, and the digest of its graph.
 * @throws {DataLossError} when something of it is not what was signed.
 */
export async function downloadModel(
  registry: Pick<Client<RegistryService>, 'downloadModelVersion'>,
  asked: { readonly workspace: string; readonly model: string; readonly version: string },
  trustedKeys: readonly TrustedKey[],
): Promise<VerifiedModel> {
  let manifest: PackageManifest | undefined;
  let path = '';
  const chunks: Uint8Array[] = [];
  for await (const part of registry.downloadModelVersion({ model: asked.model, version: asked.version })) {
    if (part.part === 'envelope_json')
      manifest = verifyEnvelope(decodeEnvelope(Buffer.from(part.envelope_json ?? '')), trustedKeys).manifest;
    else if (part.part === 'file') path = part.file?.path ?? '';
    else if (part.part === 'chunk' && path === manifest?.graph) chunks.push(part.chunk ?? new Uint8Array(0));
  }
  if (!manifest || manifest.workspace !== asked.workspace || manifest.model !== asked.model || String(manifest.version) !== asked.version)
    throw new DataLossError(`the package is not that of version ${asked.version} of '${asked.model}'`, { reason: 'PACKAGE_IDENTITY_MISMATCH' }); // prettier-ignore
  const graph = manifest.graph;
  const signed = manifest.files.find((file) => file.path === graph);
  if ((signed?.bytes ?? 0) > GRAPH_BYTES_MAX) throw new ExhaustedError(`a graph has at most ${GRAPH_BYTES_MAX} bytes`);
  const model = Buffer.concat(chunks);
  if (createHash('sha256').update(model).digest('hex') !== signed?.sha256)
    throw new DataLossError(`'${graph}' is not the file that was signed`, { reason: 'FILE_DIGEST_MISMATCH' });
  return { version: asked.version, model, features: manifest.features };
}
