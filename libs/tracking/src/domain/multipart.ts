import type { Caller } from '@slipway/kernel';
import type { ArtifactFile } from './artifact-files.ts';
import type { ArtifactPlace } from './artifact-home.ts';
import type { Millis } from './millis.ts';
import type { AuditEntry, Call } from './unit-of-work.ts';

/** What has become of an upload in parts. */
export type MultipartState =
  | { readonly kind: 'open' }
  | { readonly kind: 'aborted' }
  /** @property partsDigest of the list of parts that it was completed with; the same list again gets the same answer. */
  | { readonly kind: 'completed'; readonly partsDigest: string; readonly bytes: bigint; readonly sha256: string };

/** One file that is uploaded in parts. */
export interface MultipartUpload {
  readonly uploadId: string;
  readonly homeKind: 'run' | 'model';
  readonly homeId: string;
  /** Below the artifacts of its home. */
  readonly path: string;
  /** Numbers 1 to this. */
  readonly parts: number;
  /** From then on nobody finds it, and what is left of it is removed. */
  readonly expireTime: Millis;
  readonly state: MultipartState;
}

export interface NewMultipartUpload {
  readonly uploadId: string;
  readonly place: ArtifactPlace;
  readonly parts: number;
  /** Milliseconds until it expires. */
  readonly keepMs: number;
}

/** Uploads in parts that are under way, and how those ended that are not long over. They survive a restart. */
export interface MultipartUploads {
  /** @param requestId a repeat gets the first answer. @throws {InvalidArgumentError} reason REQUEST_ID_REUSED. */
  create(call: Call, upload: NewMultipartUpload, requestId: string): Promise<MultipartUpload>;
  /** Undefined when there is none in the workspace, or it has expired. */
  find(caller: Caller, uploadId: string): Promise<MultipartUpload | undefined>;
  /** Changes one that is open; another stays as it is. @returns what it is then. @throws {NotFoundError} reason UPLOAD_NOT_FOUND. */
  close(call: Call, uploadId: string, state: MultipartState, audit: AuditEntry): Promise<MultipartUpload>;
  /** Some of those of all workspaces that have expired. */
  expired(bound: number): Promise<readonly { readonly workspace: string; readonly uploadId: string }[]>;
  /** Idempotent. */
  forget(workspace: string, uploadId: string): Promise<void>;
}

/** A part that is there. */
export interface StoredPart {
  readonly part: number;
  readonly bytes: bigint;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Contents of parts, each seen whole or not at all; by workspace and upload. */
export interface UploadParts {
  /** In the place of an earlier one. @throws whatever `content` throws; nothing has changed then. @throws {ExhaustedError} past `bytesMax`. */
  write(
    upload: UploadKey,
    part: number,
    content: AsyncIterable<Uint8Array>,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<StoredPart>;
  /** By number; 10 000 at most. */
  list(upload: UploadKey, signal: AbortSignal): Promise<readonly StoredPart[]>;
  /** One after the other, in constant memory. The iteration: @throws {InvalidArgumentError} reason UPLOAD_PARTS_MISMATCH when a part is not what is said. */
  join(upload: UploadKey, parts: readonly PartDigest[], signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Idempotent. */
  remove(upload: UploadKey, signal: AbortSignal): Promise<void>;
}

export interface UploadKey {
  readonly workspace: string;
  readonly uploadId: string;
}

export interface PartDigest {
  readonly part: number;
  readonly sha256: string;
}

/** The file that a completed upload has become. */
export const completedFile = ({ path, state }: MultipartUpload): ArtifactFile | undefined =>
  state.kind === 'completed' ? { path, isDirectory: false, bytes: state.bytes, sha256: state.sha256 } : undefined;
