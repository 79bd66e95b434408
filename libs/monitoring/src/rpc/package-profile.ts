import { createHash } from 'node:crypto';
import type {
  DownloadModelVersionRequest,
  DownloadModelVersionResponse__Output,
} from '@slipway/contracts/slipway.registry.v1';
import { DataLossError, ExhaustedError } from '@slipway/kernel';
import {
  decodeEnvelope,
  parseManifest,
  verifyEnvelope,
  type PackageManifest,
  type TrustedKey,
} from '@slipway/model-package';
import { PROFILE_FILE } from '@slipway/reference-profile';
import type { VersionRef } from '../domain/versions.ts';

/** The call of the registry's client that the monitor makes. */
export interface RegistryCalls {
  downloadModelVersion(
    request: DownloadModelVersionRequest,
    options: { readonly workspace: string; readonly signal: AbortSignal },
  ): AsyncIterable<DownloadModelVersionResponse__Output>;
}

/** `profile.json` of a package, checked against its manifest; without a text when the package has no such file. */
export interface PackageProfile {
  readonly digest: string;
  readonly text: string | undefined;
}

/** A profile is one of the small files of a package. */
const PROFILE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Fetches the reference profile of a version out of its package.
 * @param trustedKeys whose packages are believed; with none, the digest alone is checked.
 * @throws {DomainError} of the registry's client; {DataLossError} or {FailedPreconditionError} when the package is not what it should be.
 */
export async function fetchPackageProfile(
  registry: RegistryCalls,
  workspace: string,
  { model, version, digest }: VersionRef,
  trustedKeys: readonly TrustedKey[],
  signal: AbortSignal,
): Promise<PackageProfile> {
  let found: { readonly manifest: PackageManifest; readonly digest: string } | undefined;
  let isProfile = false;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const message of registry.downloadModelVersion({ model, version: `${version}` }, { workspace, signal })) {
    if (message.part === 'envelope_json') {
      found = readManifest(message.envelope_json ?? '', trustedKeys);
      assertIsVersion(found, workspace, { model, version, digest });
      if (!found.manifest.files.some(({ path }) => path === PROFILE_FILE))
        return { digest: found.digest, text: undefined };
    } else if (message.part === 'file') {
      if (isProfile) break; // the file after it
      isProfile = message.file?.path === PROFILE_FILE;
    } else if (isProfile && message.chunk) {
      bytes += message.chunk.length;
      if (bytes > PROFILE_BYTES_MAX) throw new ExhaustedError(`the reference profile is larger than ${PROFILE_BYTES_MAX} bytes`); // prettier-ignore
      chunks.push(message.chunk);
    }
  }
  if (!found) throw incomplete();
  const content = Buffer.concat(chunks);
  const declared = found.manifest.files.find(({ path }) => path === PROFILE_FILE)?.sha256;
  if (createHash('sha256').update(content).digest('hex') !== declared) throw incomplete();
  return { digest: found.digest, text: content.toString('utf8') };
}

function readManifest(json: string, trustedKeys: readonly TrustedKey[]) {
  const envelope = decodeEnvelope(Buffer.from(json));
  if (trustedKeys.length > 0) return verifyEnvelope(envelope, trustedKeys);
  const payload = Buffer.from(envelope.payload, 'base64');
  const manifest = parseManifest(parsePayload(payload));
  return { manifest, digest: createHash('sha256').update(payload).digest('hex') };
}

function parsePayload(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new DataLossError('the manifest of the package is not JSON', { reason: 'MANIFEST_INVALID', cause });
  }
}

/** A package signed for one version must not be put in the place of another. */
function assertIsVersion(
  { manifest, digest }: { readonly manifest: PackageManifest; readonly digest: string },
  workspace: string,
  wanted: VersionRef,
): void {
  const isWanted =
    manifest.workspace === workspace && manifest.model === wanted.model && manifest.version === wanted.version;
  if (isWanted && (wanted.digest === '' || wanted.digest === digest)) return;
  throw new DataLossError('the registry sent the package of another version', {
    reason: 'PACKAGE_DIGEST_MISMATCH',
    facts: { expected: wanted.digest, found: digest },
  });
}

const incomplete = (): DataLossError =>
  new DataLossError('the registry did not send the reference profile that the package declares', {
    reason: 'PACKAGE_INCOMPLETE',
  });
