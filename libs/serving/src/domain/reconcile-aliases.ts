import type { AliasSource } from './ports.ts';
import type { ServedModels } from './served-models.ts';
import { slotId } from './slot-key.ts';

/** More aliases than any registry of ours holds; a source that pages for ever must not hang us. */
const PAGES_MAX = 100_000;

/**
 * Brings the slots to what the registry says: the events are hints, the registry is the truth. Aliases that it no longer lists are deleted
 * ones, unless they moved while it listed them. What failed because something was away gets a new round of tries.
 * @throws {UnavailableError} when the registry does not answer; then nothing is taken for deleted.
 */
export async function reconcileAliases(models: ServedModels, source: AliasSource, signal: AbortSignal): Promise<void> {
  const before = models.slots();
  const listed = new Set<string>();
  let pages = 0;
  for await (const page of source.list(signal)) {
    for (const { key, target } of page) {
      listed.add(slotId(key));
      await models.apply(key, target);
    }
    if (++pages > PAGES_MAX) throw new Error('the registry lists aliases without an end');
  }
  for (const [id, slot] of before) {
    if (listed.has(id) || slot.desired.version === 0n) continue;
    // Revisions have no gaps, so the deletion was at least the next one. An alias that moved while it was listed has that one or a greater
    // one already, and keeps it; a move that comes to be known later is greater, and is taken.
    await models.apply(slot.key, { version: 0n, digest: '', revision: slot.desired.revision + 1n });
  }
  models.retryUnavailable();
}
