import { damaged, splitTexts, textOf } from './prediction-block.ts';

/** Outcomes of one objective that were observed on one day, in the order in which the caller gave them. */
export interface OutcomeBlock {
  readonly ids: readonly string[];
  /** 0 or 1. */
  readonly labels: Uint8Array;
  /** Microseconds, UTC. */
  readonly observed: Float64Array;
}

const FORMAT = 1;
const PREFIX_BYTES = 8;

/** Little-endian: format and rows (u32 each), times (f64), lengths of ids (u16), labels (u8), and the ids as UTF-8 one after the other. */
export function encodeOutcomeBlock({ ids, labels, observed }: OutcomeBlock): Uint8Array {
  const rows = ids.length;
  const text = Buffer.from(ids.join(''));
  const bytes = new Uint8Array(PREFIX_BYTES + rows * 11 + text.length);
  new Uint32Array(bytes.buffer, 0, 2).set([FORMAT, rows]);
  new Float64Array(bytes.buffer, PREFIX_BYTES, rows).set(observed);
  new Uint16Array(bytes.buffer, PREFIX_BYTES + rows * 8, rows).set(ids.map((id) => id.length));
  bytes.set(labels, PREFIX_BYTES + rows * 10);
  bytes.set(text, PREFIX_BYTES + rows * 11);
  return bytes;
}

/** @throws {DataLossError} when the bytes are not a block. */
export function decodeOutcomeBlock(stored: Uint8Array): OutcomeBlock {
  const bytes = new Uint8Array(stored); // a copy, aligned; `slice` of a Buffer is none, and drivers hand out parts of a pool
  const [format = 0, rows = 0] = bytes.length >= PREFIX_BYTES ? new Uint32Array(bytes.buffer, 0, 2) : [];
  const textAt = PREFIX_BYTES + rows * 11;
  if (format !== FORMAT || textAt > bytes.length) throw damaged();
  const observed = new Float64Array(bytes.buffer, PREFIX_BYTES, rows);
  const lengths = new Uint16Array(bytes.buffer, PREFIX_BYTES + rows * 8, rows);
  const labels = new Uint8Array(bytes.buffer, PREFIX_BYTES + rows * 10, rows);
  return { ids: splitTexts(textOf(bytes, textAt, bytes.length - textAt), lengths), labels, observed };
}
