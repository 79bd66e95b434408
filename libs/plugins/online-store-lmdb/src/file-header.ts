import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { DataLossError } from '@slipway/plugin-kit';

/** Where the first page of the database tells what it is, after LMDB's page header as bundled: a magic number and a version. */
const MAGIC_OFFSET = 24;
const MAGIC = 0xbe_ef_c0_de;
const VERSION = 2;

/**
 * Refuses what is not a file of LMDB; a file that is absent or empty passes. LMDB checks the same, but the binding ends the process when it fails.
 * @throws {DataLossError} naming the file.
 */
export function assertLmdbFile(path: string): void {
  if (!existsSync(path)) return;
  const head = Buffer.alloc(MAGIC_OFFSET + 8);
  const file = openSync(path, 'r');
  let length: number;
  try {
    length = readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  if (length === 0) return;
  const [magic, version = 0] = new Uint32Array(
    head.buffer.slice(head.byteOffset + MAGIC_OFFSET, head.byteOffset + head.length),
  ); // of this machine's byte order
  if (length === head.length && magic === MAGIC && (version & 0xffff) === VERSION) return;
  const text = `${path} is not a database of the online store: remove it and load the views again`;
  throw new DataLossError(text, { reason: 'ONLINE_STORE_DAMAGED' });
}
