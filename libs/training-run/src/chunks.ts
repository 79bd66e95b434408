const CHUNK_BYTES = 256 * 1024;

/** A file as the messages of an upload, in order. */
export function* chunksOf(content: Uint8Array): Generator<{ chunk: Buffer }, void, undefined> {
  for (let from = 0; from < content.byteLength; from += CHUNK_BYTES)
    yield { chunk: Buffer.from(content.subarray(from, from + CHUNK_BYTES)) };
}
