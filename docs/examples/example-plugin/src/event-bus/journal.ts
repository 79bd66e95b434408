import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { DataLossError, UnavailableError } from '@slipway/plugin-kit';

/** One line of the file. Sequences are whole numbers from 1; `data` is base64. */
export type Entry =
  | { readonly type: 'log'; readonly id: string; readonly last: number }
  | {
      readonly type: 'message';
      readonly sequence: number;
      /** Milliseconds since 1970. */
      readonly at: number;
      readonly id: string;
      readonly subject: string;
      readonly key: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly data: string;
    }
  /** Everything up to `floor` is acknowledged, everything up to `handed` was handed out. */
  | {
      readonly type: 'durable';
      readonly durable: string;
      readonly subject: string;
      readonly floor: number;
      readonly handed: number;
    }
  | { readonly type: 'forgotten'; readonly durable: string }
  | { readonly type: 'handed'; readonly durable: string; readonly sequence: number }
  | { readonly type: 'failures'; readonly durable: string; readonly sequence: number; readonly failures: number }
  | { readonly type: 'acknowledged'; readonly durable: string; readonly sequence: number };

const encode = (entries: readonly Entry[]): Buffer =>
  Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));

/** An append-only file of JSON lines. One call at a time. */
export class Journal {
  readonly #file: string;
  readonly #fsync: boolean;
  #handle: FileHandle;
  /** Everything before is whole lines. */
  #bytes: number;
  /** A write failed and may have left a part of itself behind `#bytes`. */
  #isDirty = false;
  #linesSinceRewrite: number;

  private constructor(file: string, fsync: boolean, handle: FileHandle, bytes: number, lines: number) {
    this.#file = file;
    this.#fsync = fsync;
    this.#handle = handle;
    this.#bytes = bytes;
    this.#linesSinceRewrite = lines;
  }

  /** A last line without its end was never acknowledged and is dropped. @throws {DataLossError} on another line that is none. */
  static async open(file: string, fsync: boolean): Promise<{ journal: Journal; entries: readonly Entry[] }> {
    const handle = await open(file, 'a+', 0o640);
    await handle.close(); // appending ignores positions: it was only to create the file
    const content = await readFile(file);
    const bytes = content.lastIndexOf(0x0a) + 1;
    const lines = content.toString('utf8', 0, bytes).split('\n').slice(0, -1);
    const entries = lines.map((line, index) => parseLine(line, index + 1));
    const writable = await open(file, 'r+');
    await writable.truncate(bytes);
    return { journal: new Journal(file, fsync, writable, bytes, lines.length), entries };
  }

  get linesSinceRewrite(): number {
    return this.#linesSinceRewrite;
  }

  /** Whether the last write went well. */
  get isHealthy(): boolean {
    return !this.#isDirty;
  }

  /** All of them are stored when this resolves; when it rejects none is. @throws {UnavailableError} when the file cannot be written. */
  async append(entries: readonly Entry[]): Promise<void> {
    const bytes = encode(entries);
    try {
      if (this.#isDirty) await this.#handle.truncate(this.#bytes);
      await writeAll(this.#handle, bytes, this.#bytes);
      if (this.#fsync) await this.#handle.datasync();
    } catch (error) {
      this.#isDirty = true;
      throw new UnavailableError('the event log cannot be written', { reason: 'EVENT_LOG_UNUSABLE', cause: error });
    }
    this.#isDirty = false;
    this.#bytes += bytes.byteLength;
    this.#linesSinceRewrite += entries.length;
  }

  /** Puts a new file in place of the old one; a crash leaves one of them, whole. */
  async rewrite(entries: readonly Entry[]): Promise<void> {
    const fresh = `${this.#file}.new`;
    const bytes = encode(entries);
    const handle = await open(fresh, 'w+', 0o640);
    try {
      await writeAll(handle, bytes, 0);
      if (this.#fsync) await handle.sync();
      await rename(fresh, this.#file);
    } catch (error) {
      await handle.close();
      throw error;
    }
    const old = this.#handle;
    this.#handle = handle;
    this.#bytes = bytes.byteLength;
    this.#linesSinceRewrite = 0;
    this.#isDirty = false;
    await old.close();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
  }
}

function parseLine(line: string, number: number): Entry {
  try {
    return JSON.parse(line) as Entry; // written by `encode`
  } catch (error) {
    throw new DataLossError(`line ${number} of the event log is damaged`, {
      reason: 'EVENT_LOG_DAMAGED',
      cause: error,
    });
  }
}
