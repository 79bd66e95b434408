import { createHash } from 'node:crypto';

/**
 * Whether a call is one of the `share` of all calls, 0 to 1. It follows from the id alone, so that a repeated call is treated as the first one was,
 * and a call that is in a share is in every larger one.
 */
export function isInShare(id: string, share: number): boolean {
  if (share >= 1) return true;
  if (share <= 0) return false;
  return createHash('sha256').update(id).digest().readUInt32BE(0) < share * 2 ** 32;
}
