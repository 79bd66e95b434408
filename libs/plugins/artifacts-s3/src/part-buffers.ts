/** A fixed number of buffers; waiting for a free one is what keeps a fast source from running ahead of the network. */
export class PartBuffers {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];
  #unmade: number;

  constructor(count: number, bytes: number) {
    this.#unmade = count;
    this.#bytes = bytes;
  }

  async take(): Promise<Buffer> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#unmade > 0) {
      this.#unmade -= 1; // made when first needed: small content needs one
      return Buffer.allocUnsafeSlow(this.#bytes);
    }
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  give(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next) next(buffer);
    else this.#free.push(buffer);
  }
}

/** One filled buffer: `bytes` is a view of its beginning; give `buffer` back when the bytes are sent. */
export interface Part {
  readonly buffer: Buffer;
  readonly bytes: Buffer;
}

/** Cuts content into parts as large as the buffers; the last may be shorter, none is empty. Takes a buffer only when there are bytes for it. */
export async function* partsOf(
  chunks: AsyncIterable<Uint8Array>,
  buffers: PartBuffers,
): AsyncGenerator<Part, void, undefined> {
  let buffer: Buffer | undefined;
  let used = 0;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength;) {
      buffer ??= await buffers.take();
      const count = Math.min(chunk.byteLength - offset, buffer.byteLength - used);
      buffer.set(chunk.subarray(offset, offset + count), used);
      used += count;
      offset += count;
      if (used < buffer.byteLength) continue;
      yield { buffer, bytes: buffer };
      buffer = undefined;
      used = 0;
    }
  }
  if (buffer) yield { buffer, bytes: buffer.subarray(0, used) };
}
