import type { IdSource } from '@slipway/kernel';

/** One id of the source, then numbers after it: unique like the id, and next to free for the thousand rows of a call. */
export function predictionIds(ids: IdSource): () => string {
  const first = ids.next();
  let count = 0;
  return () => `${first}.${(count++).toString(36)}`;
}
