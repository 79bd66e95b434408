import { open, type FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 256 * 1024;

/** Collects small chunks, so that a source of many does not cost a system call each. One buffer, whatever the content's size. */
class ContentFile {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #used = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async add(chunk: Uint8Array): Promise<void> {
    if (this.#used + chunk.byteLength > BUFFER_BYTES) await this.flush();
    if (chunk.byteLength > BUFFER_BYTES) return this.#write(chunk);
    this.#buffer.set(chunk, this.#used);
    this.#used += chunk.byteLength;
  }

  async flush(): Promise<void> {
    await this.#write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      done += (await this.#handle.write(bytes, done, bytes.byteLength - done)).bytesWritten;
    }
  }
}

/** Writes a file that must not exist yet, in constant memory. */
export async function writeNewFile(
  file: string,
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  fsync: boolean,
): Promise<void> {
  const handle = await open(file, 'wx', 0o640);
  try {
    const content = new ContentFile(handle);
    for await (const chunk of chunks) await content.add(chunk);
    await content.flush();
    if (fsync) await handle.sync();
  } finally {
    await handle.close();
  }
}
