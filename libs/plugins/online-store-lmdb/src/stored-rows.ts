import { ONLINE_VALUES_BYTES_MAX, type OnlineOrder, type OnlineRow, type StoredRow } from '@slipway/plugin-kit';

/** Event time, created time and arrival, int64 little-endian each; the features follow. */
const HEADER_BYTES = 24;
const ROW_BYTES_MAX = HEADER_BYTES + ONLINE_VALUES_BYTES_MAX;
/** A chunk lives as long as a row of it is held: small, so that one held row pins little. */
const CHUNK_BYTES = 128 * 1024;

/** Where the stored row stands; `bytes` as LMDB gives it. */
export function orderOf(bytes: Buffer): OnlineOrder {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    eventTime: view.getBigInt64(0, true),
    createdTime: view.getBigInt64(8, true),
    arrival: view.getBigInt64(16, true),
  };
}

/** Writes rows as they are stored, into one buffer: the result is valid until the next call. */
export class RowEncoder {
  readonly #bytes = Buffer.allocUnsafeSlow(ROW_BYTES_MAX);
  readonly #view = new DataView(this.#bytes.buffer);

  encode(row: OnlineRow): Buffer {
    this.#view.setBigInt64(0, row.eventTime, true);
    this.#view.setBigInt64(8, row.createdTime, true);
    this.#view.setBigInt64(16, row.arrival, true);
    this.#bytes.set(row.values, HEADER_BYTES);
    return this.#bytes.subarray(0, HEADER_BYTES + row.values.byteLength);
  }
}

/**
 * Copies rows out of LMDB's buffer, which the next read overwrites, into chunks that are filled once and never reused: a row stays as it is
 * for as long as somebody holds it. `values` starts at a multiple of eight, so that typed arrays may be laid over it.
 */
export class RowReader {
  #chunk = Buffer.alloc(0);
  #view = new DataView(this.#chunk.buffer);
  #at = 0;

  /** @param bytes as LMDB gives it: `length` is that of the row, the memory behind it may be longer. */
  read(bytes: Buffer): StoredRow {
    const { length } = bytes;
    if (this.#at + length > this.#chunk.byteLength) this.#renew();
    const at = this.#at;
    bytes.copy(this.#chunk, at, 0, length);
    this.#at = (at + length + 7) & ~7;
    return {
      eventTime: this.#view.getBigInt64(at, true),
      createdTime: this.#view.getBigInt64(at + 8, true),
      arrival: this.#view.getBigInt64(at + 16, true),
      values: new Uint8Array(this.#chunk.buffer, at + HEADER_BYTES, length - HEADER_BYTES),
    };
  }

  #renew(): void {
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#view = new DataView(this.#chunk.buffer);
    this.#at = 0;
  }
}
