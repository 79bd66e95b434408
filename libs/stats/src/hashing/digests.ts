import { createHash } from 'node:crypto';

/** Eppo's shard of a text: the first 4 bytes of its MD5, big endian, modulo the shards. @param shards integer, at least 1. */
export function md5Shard(text: string, shards: number): number {
  return createHash('md5').update(text).digest().readUInt32BE(0) % shards;
}

/** Statsig's hash of a text: the first 8 bytes of its SHA-256, big endian. Gates take it modulo 10000, user buckets modulo 1000. */
export function sha256High64(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE(0);
}
