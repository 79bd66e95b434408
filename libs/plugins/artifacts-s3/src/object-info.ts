import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { DataLossError, NotFoundError, SHA256_PATTERN, type Micros } from '@slipway/kernel';
import type { ArtifactInfo, ArtifactPath } from '@slipway/plugin-kit';
import type { S3Requests } from './s3-requests.ts';

/** What an object of ours carries; S3 gives metadata back in lower case. */
export interface ObjectMark {
  readonly sha256: string;
  readonly modifiedAt: Micros;
  /** Which write made it: tells a write whose answer was lost from one that lost a race. */
  readonly writeId: string;
}

export const toMetadata = (mark: ObjectMark): Record<string, string> => ({
  'slipway-sha256': mark.sha256,
  'slipway-modified-at': mark.modifiedAt.toString(),
  'slipway-write': mark.writeId,
});

/** @throws {DataLossError} when the object was not written by this driver. */
function readMark(path: ArtifactPath, metadata: Record<string, string> | undefined): ObjectMark {
  const sha256 = metadata?.['slipway-sha256'] ?? '';
  const modifiedAt = metadata?.['slipway-modified-at'] ?? '';
  if (!SHA256_PATTERN.test(sha256) || !/^\d{1,19}$/.test(modifiedAt)) {
    throw new DataLossError(`'${path}' carries no digest: another program has put it there`, {
      reason: 'ARTIFACT_ENTRY_DAMAGED',
      facts: { path },
    });
  }
  return { sha256, modifiedAt: BigInt(modifiedAt), writeId: metadata?.['slipway-write'] ?? '' };
}

/** Mark and size of an object; undefined when there is none. */
export async function headObject(
  s3: S3Requests,
  key: string,
  path: ArtifactPath,
  signal: AbortSignal,
): Promise<{ readonly info: ArtifactInfo; readonly writeId: string } | undefined> {
  try {
    const head = await s3.call(`stat '${path}'`, signal, (options) =>
      s3.client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: key }), options),
    );
    const { writeId, ...mark } = readMark(path, head.Metadata);
    return { info: { path, bytes: BigInt(head.ContentLength ?? 0), ...mark }, writeId };
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
