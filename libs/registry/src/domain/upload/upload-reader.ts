import { createHash } from 'node:crypto';
import type { Clock } from '@slipway/kernel';
import type { PackageFile } from '@slipway/model-package';
import { uploadExpired, uploadRefused } from '../errors.ts';
import type { UploadHeader } from './package-header.ts';

/** One message of an upload; `nothing` is a message without a part. */
export type UploadPart =
  | { readonly kind: 'header'; readonly header: UploadHeader }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'file-end' }
  | { readonly kind: 'nothing' };

/** Takes the parts of an upload in the order of the contract: header, then chunks and `file_end` of each file in turn. */
export class UploadReader {
  private readonly parts: AsyncIterator<UploadPart>;
  private readonly clock: Clock;
  private readonly idleMs: number;
  private model = '';
  private isWaiting = false;

  /** @param idleMs a sender that is silent for longer has given up. */
  constructor(parts: AsyncIterable<UploadPart>, clock: Clock, idleMs: number) {
    this.parts = parts[Symbol.asyncIterator]();
    this.clock = clock;
    this.idleMs = idleMs;
  }

  /** To be called once, first. @throws {InvalidArgumentError} reason UPLOAD_ORDER or UPLOAD_INCOMPLETE. */
  async header(): Promise<UploadHeader> {
    const part = await this.next();
    if (!part) throw uploadRefused('UPLOAD_INCOMPLETE', 'header', 'the upload is empty; send a header first');
    if (part.kind !== 'header') throw uploadRefused('UPLOAD_ORDER', 'header', 'must be the first message');
    this.model = part.header.model;
    return part.header;
  }

  /**
   * Content of the next file, complete and right once the iteration has ended.
   * @throws {InvalidArgumentError} reason UPLOAD_ORDER, UPLOAD_INCOMPLETE, UPLOAD_BYTES_MISMATCH or UPLOAD_DIGEST_MISMATCH, naming the file.
   */
  async *content(file: PackageFile, index: number): AsyncGenerator<Uint8Array, void, undefined> {
    const hash = createHash('sha256');
    const field = `files[${index}]`;
    let received = 0;
    for (;;) {
      const chunk = await this.chunk(file);
      if (!chunk) break;
      received += chunk.length;
      if (received > file.bytes) {
        const description = `'${file.path}' has more than the ${file.bytes} bytes of its header`;
        throw uploadRefused('UPLOAD_BYTES_MISMATCH', `${field}.bytes`, description, file.path);
      }
      hash.update(chunk);
      yield chunk;
    }
    if (received < file.bytes) {
      const description = `'${file.path}' ended after ${received} of the ${file.bytes} bytes of its header`;
      throw uploadRefused('UPLOAD_BYTES_MISMATCH', `${field}.bytes`, description, file.path);
    }
    const sha256 = hash.digest('hex');
    if (sha256 !== file.sha256) {
      const description = `'${file.path}' has sha256 ${sha256}, not the ${file.sha256} of its header`;
      throw uploadRefused('UPLOAD_DIGEST_MISMATCH', `${field}.sha256`, description, file.path);
    }
  }

  /** The next chunk of this file, undefined at its end. */
  private async chunk(file: PackageFile): Promise<Uint8Array | undefined> {
    const part = await this.next();
    if (!part) {
      const description = `the upload ended before the file_end of '${file.path}'`;
      throw uploadRefused('UPLOAD_INCOMPLETE', 'file_end', description, file.path);
    }
    if (part.kind === 'file-end') return undefined;
    if (part.kind === 'chunk' && part.bytes.length > 0) return part.bytes;
    const description =
      part.kind === 'header'
        ? 'was sent already; a package has one'
        : `of '${file.path}' must hold bytes; end the file with file_end`;
    throw uploadRefused('UPLOAD_ORDER', part.kind === 'header' ? 'header' : 'chunk', description, file.path);
  }

  /** @throws {InvalidArgumentError} reason UPLOAD_ORDER when anything follows the last file. */
  async end(): Promise<void> {
    const part = await this.next();
    if (part) throw uploadRefused('UPLOAD_ORDER', part.kind, 'the last file is complete; nothing may follow it');
  }

  /** Lets the sender know that no more is read. One that is silent is not waited for: the end of the call tells it. */
  async close(): Promise<void> {
    if (!this.isWaiting) await this.parts.return?.();
  }

  private async next(): Promise<UploadPart | undefined> {
    const arrived = new AbortController();
    const idle = this.clock.sleep(this.idleMs, arrived.signal).then(
      () => 'idle' as const,
      () => 'arrived' as const, // the sleep was called off below
    );
    try {
      this.isWaiting = true;
      const result = await Promise.race([this.parts.next(), idle]);
      if (typeof result === 'string') throw uploadExpired(this.model);
      this.isWaiting = false;
      return result.done === true ? undefined : result.value;
    } finally {
      arrived.abort();
    }
  }
}
