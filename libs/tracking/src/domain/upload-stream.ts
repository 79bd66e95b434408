import { createHash } from 'node:crypto';
import { streamOrder, uploadDigestMismatch } from './errors.ts';

/** One message of an upload; `nothing` is a message without a part. */
export type UploadMessage<Header> =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'nothing' };

/** @throws {InvalidArgumentError} reason STREAM_ORDER when the first message is no header. */
export async function readHeader<Header>(messages: AsyncIterator<UploadMessage<Header>>): Promise<Header> {
  const first = await messages.next();
  if (first.done === true) throw streamOrder('header', 'the upload is empty; send a header first');
  if (first.value.kind !== 'header') throw streamOrder('header', 'must be the first message');
  return first.value.header;
}

/**
 * The bytes after the header.
 * @param sha256 what they must have; empty when the sender does not know.
 * @throws {InvalidArgumentError} reason STREAM_ORDER or UPLOAD_DIGEST_MISMATCH.
 */
export async function* readContent(
  messages: AsyncIterator<UploadMessage<unknown>>,
  sha256: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = sha256 === '' ? undefined : createHash('sha256');
  for (;;) {
    const next = await messages.next();
    if (next.done === true) break;
    const message = next.value;
    if (message.kind !== 'chunk') {
      throw streamOrder(message.kind === 'header' ? 'header' : 'chunk', 'only chunks follow the header');
    }
    hash?.update(message.bytes);
    if (message.bytes.length > 0) yield message.bytes;
  }
  const actual = hash?.digest('hex');
  if (actual !== undefined && actual !== sha256) throw uploadDigestMismatch(actual);
}
