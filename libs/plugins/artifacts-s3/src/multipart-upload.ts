import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { ExhaustedError, UnavailableError } from '@slipway/kernel';
import type { S3Requests } from './s3-requests.ts';

/** S3 has no more part numbers than this. */
const PARTS_MAX = 10_000;

/** For Content-MD5: the server refuses what was damaged on the way. Not a defence against anybody, sha256 is. */
export const md5Of = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

/** One multipart upload: nothing of it is visible before `complete`, and `abort` leaves nothing behind. Parts may be sent side by side. */
export class MultipartUpload {
  readonly #s3: S3Requests;
  readonly #key: string;
  readonly #uploadId: string;
  readonly #signal: AbortSignal;
  readonly #sent = new Set<Promise<unknown>>();
  readonly #etags: string[] = [];
  #failure: { readonly error: unknown } | undefined;

  private constructor(s3: S3Requests, key: string, uploadId: string, signal: AbortSignal) {
    this.#s3 = s3;
    this.#key = key;
    this.#uploadId = uploadId;
    this.#signal = signal;
  }

  static async begin(
    s3: S3Requests,
    key: string,
    metadata: Record<string, string>,
    signal: AbortSignal,
  ): Promise<MultipartUpload> {
    const command = new CreateMultipartUploadCommand({ Bucket: s3.bucket, Key: key, Metadata: metadata });
    const { UploadId } = await s3.call('begin an upload', signal, (options) => s3.client.send(command, options));
    if (UploadId === undefined) throw new UnavailableError('the S3 server began an upload without naming it');
    return new MultipartUpload(s3, key, UploadId, signal);
  }

  /** Sends the next part; `sent` is called when its bytes are no longer needed. A failure shows in the next `send`, `copy` or `complete`. */
  send(bytes: Uint8Array, sent: () => void): void {
    const PartNumber = this.#nextPart(sent);
    const input = { ...this.#target(), PartNumber, Body: bytes, ContentMD5: md5Of(bytes) };
    const upload = this.#s3.call(`send part ${PartNumber}`, this.#signal, (options) =>
      this.#s3.client.send(new UploadPartCommand(input), options),
    );
    this.#track(PartNumber, upload.then((output) => output.ETag).finally(sent));
  }

  /** Copies bytes `[start, end)` of another object within the server as the next part. */
  async copy(source: { readonly key: string; readonly etag: string }, start: number, end: number): Promise<void> {
    const PartNumber = this.#nextPart(() => undefined);
    const path = `${this.#s3.bucket}/${source.key}`.split('/').map(encodeURIComponent).join('/');
    const input = {
      ...this.#target(),
      PartNumber,
      CopySource: path,
      CopySourceIfMatch: source.etag,
      CopySourceRange: `bytes=${start}-${end - 1}`,
    };
    const copy = this.#s3.call(
      `copy part ${PartNumber}`,
      this.#signal,
      (options) => this.#s3.client.send(new UploadPartCopyCommand(input), options),
      'slow',
    );
    this.#track(
      PartNumber,
      copy.then((output) => output.CopyPartResult?.ETag),
    );
    await Promise.all(this.#sent);
    this.#throwIfFailed();
  }

  /** Resolves when every part has arrived. @throws what the first failed part threw. */
  async settled(): Promise<void> {
    await Promise.all(this.#sent);
    this.#throwIfFailed();
  }

  /** Makes the content visible, at once. @returns its entity tag. */
  async complete(condition: { readonly IfNoneMatch?: '*' }): Promise<string> {
    await this.settled();
    const parts = this.#etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const command = new CompleteMultipartUploadCommand({
      ...this.#target(),
      ...condition,
      MultipartUpload: { Parts: parts },
    });
    const output = await this.#s3.call(
      'complete an upload',
      this.#signal,
      (options) => this.#s3.client.send(command, options),
      'slow',
    );
    return output.ETag ?? '';
  }

  /** Never throws: what cannot be removed now is removed by a later `open`. Waits for parts on their way, which would outlive the abort. */
  async abort(): Promise<void> {
    await Promise.all(this.#sent);
    const command = new AbortMultipartUploadCommand(this.#target());
    // A signal of its own: the upload's has often aborted, which is why we are here.
    const own = AbortSignal.timeout(this.#s3.timeoutMs);
    await this.#s3
      .call('abort an upload', own, (options) => this.#s3.client.send(command, options))
      .catch(() => undefined);
  }

  #target(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.#s3.bucket, Key: this.#key, UploadId: this.#uploadId };
  }

  #nextPart(release: () => void): number {
    if (this.#failure === undefined && this.#etags.length < PARTS_MAX) return this.#etags.push('');
    release();
    this.#throwIfFailed();
    throw new ExhaustedError(`the content has more than ${PARTS_MAX} parts: raise partBytes`, {
      reason: 'ARTIFACT_TOO_LARGE',
      facts: { partsMax: String(PARTS_MAX) },
    });
  }

  #track(partNumber: number, etag: Promise<string | undefined>): void {
    const tracked = etag
      .then((tag) => {
        this.#etags[partNumber - 1] = tag ?? '';
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#sent.delete(tracked));
    this.#sent.add(tracked);
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
