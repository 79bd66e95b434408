import type { Clock } from '@slipway/kernel';
import { uploadExpired, uploadRefused } from '../errors.ts';

/** One message of an upload; `nothing` is a message without a part. */
export type UploadPart<Header> =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

/** Takes the parts of an upload in the order of the contract: the header, then the chunks of one file. */
export class UploadReader<Header> {
  readonly #parts: AsyncIterator<UploadPart<Header>>;
  readonly #clock: Clock;
  readonly #idleMs: number;
  #isWaiting = false;

  /** @param idleMs a sender that is silent for longer has given up. */
  constructor(parts: AsyncIterable<UploadPart<Header>>, clock: Clock, idleMs: number) {
    this.#parts = parts[Symbol.asyncIterator]();
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  /** To be called once, first. @throws {InvalidArgumentError} reason UPLOAD_ORDER or UPLOAD_INCOMPLETE. */
  async header(): Promise<Header> {
    const part = await this.#next();
    if (!part) throw uploadRefused('UPLOAD_INCOMPLETE', 'header', 'the upload is empty; send a header first');
    if (part.kind !== 'header') throw uploadRefused('UPLOAD_ORDER', 'header', 'must be the first message');
    return part.header;
  }

  /** The chunks up to the end of the upload. @throws {InvalidArgumentError} reason UPLOAD_ORDER or UPLOAD_INCOMPLETE. */
  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let received = 0; ; received += 1) {
      const part = await this.#next();
      if (!part && received === 0)
        throw uploadRefused('UPLOAD_INCOMPLETE', 'chunk', 'the file is empty; send its bytes');
      if (!part) return;
      if (part.kind === 'header') throw uploadRefused('UPLOAD_ORDER', 'header', 'was sent already; an upload has one');
      if (part.kind === 'nothing' || part.bytes.length === 0) {
        throw uploadRefused('UPLOAD_ORDER', 'chunk', 'must hold bytes; end the upload by ending the stream');
      }
      yield part.bytes;
    }
  }

  /** Lets the sender know that no more is read. One that is silent is not waited for: the end of the call tells it. */
  async close(): Promise<void> {
    if (!this.#isWaiting) await this.#parts.return?.();
  }

  async #next(): Promise<UploadPart<Header> | undefined> {
    const arrived = new AbortController();
    const idle = this.#clock.sleep(this.#idleMs, arrived.signal).then(
      () => 'idle' as const,
      () => 'arrived' as const, // the sleep was called off below
    );
    try {
      this.#isWaiting = true;
      const result = await Promise.race([this.#parts.next(), idle]);
      if (typeof result === 'string') throw uploadExpired();
      this.#isWaiting = false;
      return result.done === true ? undefined : result.value;
    } finally {
      arrived.abort();
    }
  }
}
