import { createHash } from 'node:crypto';

/** Parts that relays divide among themselves. Fixed: rows keep the number they were written with. */
export const PARTITIONS = 16;

/** Part of a key; all events of one workspace and key are in one part. */
export function partitionOf(workspace: string, key: string): number {
  return (digest(workspace, key)[0] ?? 0) % PARTITIONS;
}

/** Number for PostgreSQL's advisory locks. Two keys that share one merely wait for each other. */
export function lockNumberOf(workspace: string, key: string): bigint {
  return digest(workspace, key).readBigInt64BE(0);
}

const digest = (workspace: string, key: string): Buffer => createHash('sha256').update(`${workspace}/${key}`).digest();
