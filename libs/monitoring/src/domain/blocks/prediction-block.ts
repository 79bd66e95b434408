import { DataLossError } from '@slipway/kernel';
import type { VersionRef } from '../versions.ts';

/** How often a version saw each bin of each feature of its reference, in the order of the profile. */
export interface FeatureCounts {
  /** Index into the versions of the block. */
  readonly version: number;
  readonly counts: readonly (readonly number[])[];
}

/** An experiment and the arm of it that answered. */
export interface ArmRef {
  readonly experiment: string;
  readonly arm: string;
}

/** Predictions of one objective and one day, as columns. What is not there is NaN (scores) or 0 (unit, arm: they count from 1). */
export interface PredictionBlock {
  readonly rows: number;
  readonly versions: readonly VersionRef[];
  readonly arms: readonly ArmRef[];
  /** Beginnings of unit hashes: enough to tell units of a day apart. */
  readonly units: readonly string[];
  readonly features: readonly FeatureCounts[];
  readonly ids: readonly string[];
  /** Microseconds, UTC. */
  readonly times: Float64Array;
  /** One column for each version. */
  readonly scores: readonly Float64Array[];
  /** Which of the versions answered. */
  readonly served: Uint16Array;
  readonly armOfRow: Uint16Array;
  readonly unitOfRow: Uint32Array;
}

const FORMAT = 1;
const PREFIX_BYTES = 8;

/**
 * Little-endian: format and length of the header (u32 each), header as JSON padded to 8 bytes, then times and scores (f64), units (u32),
 * served, arms and lengths of ids (u16), and the ids as UTF-8 one after the other.
 */
export function encodePredictionBlock(block: PredictionBlock): Uint8Array {
  const { rows, versions, arms, units, features } = block;
  const header = Buffer.from(JSON.stringify({ rows, versions, arms, units, features }));
  const lengths = Uint16Array.from(block.ids, (id) => id.length);
  const ids = Buffer.from(block.ids.join(''));
  const parts = [block.times, ...block.scores, block.unitOfRow, block.served, block.armOfRow, lengths, ids];
  const columnsAt = Math.ceil((PREFIX_BYTES + header.length) / 8) * 8;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, columnsAt));
  new Uint32Array(bytes.buffer, 0, 2).set([FORMAT, header.length]);
  bytes.set(header, PREFIX_BYTES);
  let at = columnsAt;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

/** @throws {DataLossError} when the bytes are not a block. */
export function decodePredictionBlock(stored: Uint8Array): PredictionBlock {
  const bytes = new Uint8Array(stored); // a copy, aligned; `slice` of a Buffer is none, and drivers hand out parts of a pool
  const [format = 0, headerBytes = 0] = bytes.length >= PREFIX_BYTES ? new Uint32Array(bytes.buffer, 0, 2) : [];
  if (format !== FORMAT || PREFIX_BYTES + headerBytes > bytes.length) throw damaged();
  const header = JSON.parse(textOf(bytes, PREFIX_BYTES, headerBytes)) as Pick<
    PredictionBlock,
    'rows' | 'versions' | 'arms' | 'units' | 'features'
  >;
  const { rows, versions } = header;
  let at = Math.ceil((PREFIX_BYTES + headerBytes) / 8) * 8;
  if (at + rows * (8 + 8 * versions.length + 10) > bytes.length) throw damaged();
  const advance = (width: number): number => (at += rows * width) - rows * width;
  const times = new Float64Array(bytes.buffer, advance(8), rows);
  const scores = versions.map(() => new Float64Array(bytes.buffer, advance(8), rows));
  const unitOfRow = new Uint32Array(bytes.buffer, advance(4), rows);
  const served = new Uint16Array(bytes.buffer, advance(2), rows);
  const armOfRow = new Uint16Array(bytes.buffer, advance(2), rows);
  const lengths = new Uint16Array(bytes.buffer, advance(2), rows);
  const ids = splitTexts(textOf(bytes, at, bytes.length - at), lengths);
  return { ...header, ids, times, scores, served, armOfRow, unitOfRow };
}

/** Cuts a text that is several ones after the other. @throws {DataLossError} when the lengths do not fit. */
export function splitTexts(text: string, lengths: Uint16Array): string[] {
  const texts: string[] = [];
  let at = 0;
  for (let row = 0; row < lengths.length; row += 1) {
    const end = at + (lengths[row] ?? 0);
    texts.push(text.slice(at, end));
    at = end;
  }
  if (at !== text.length) throw damaged();
  return texts;
}

export const textOf = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('utf8');

export const damaged = (): DataLossError =>
  new DataLossError('a stored block is not what was written', { reason: 'STORED_BLOCK_DAMAGED' });
