import { ONLINE_KEY_BYTES_MAX, ONLINE_NAME_BYTES_MAX, type OnlineTable } from '@slipway/plugin-kit';

const PREFIX_BYTES_MAX = 3 * (1 + ONLINE_NAME_BYTES_MAX);
const encoder = new TextEncoder();

/**
 * Builds keys of the database: workspace, view and schema, each with its length in one byte before it, then the key of the row. The lengths
 * keep apart what would read the same when joined. Well below LMDB's 1978 bytes. One buffer: a key is valid until the next one is built.
 */
export class RowKeys {
  readonly #buffer = new Uint8Array(PREFIX_BYTES_MAX + ONLINE_KEY_BYTES_MAX);
  #prefixBytes = 0;

  /** The keys built from here on are of this table. */
  select(table: OnlineTable): void {
    let at = 0;
    for (const name of [table.workspace, table.view, table.schema]) {
      const { written } = encoder.encodeInto(name, this.#buffer.subarray(at + 1, at + 1 + ONLINE_NAME_BYTES_MAX));
      this.#buffer[at] = written;
      at += 1 + written;
    }
    this.#prefixBytes = at;
  }

  /** Of the selected table, before the key of each row. */
  get prefixBytes(): number {
    return this.#prefixBytes;
  }

  of(key: Uint8Array): Uint8Array {
    this.#buffer.set(key, this.#prefixBytes);
    return this.#buffer.subarray(0, this.#prefixBytes + key.byteLength);
  }

  /** All rows of the table lie from `start` up to, not including, `end`. Copies. */
  range(): { start: Uint8Array; end: Uint8Array } {
    const start = this.#buffer.slice(0, this.#prefixBytes);
    const end = start.slice();
    end[end.length - 1] = (end.at(-1) ?? 0) + 1; // the last byte is of UTF-8, which never uses 255
    return { start, end };
  }
}
