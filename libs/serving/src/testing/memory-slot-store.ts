import type { SlotStore, StoredSlot } from '../domain/ports.ts';
import type { LoadFailure, Target } from '../domain/slot.ts';
import { slotId, type SlotKey } from '../domain/slot-key.ts';

export type RecordedFact =
  | { readonly kind: 'loaded'; readonly key: SlotKey; readonly actual: Target; readonly previous: bigint }
  | {
      readonly kind: 'failed';
      readonly key: SlotKey;
      readonly desired: Target;
      readonly reason: string;
      readonly serving: bigint;
    };

interface Row {
  slot: StoredSlot;
  failed: { revision: bigint; reason: string } | undefined;
}

/** Keeps slots in memory and the facts in a list. Set `broken` to make every call fail. */
export class MemorySlotStore implements SlotStore {
  readonly facts: RecordedFact[] = [];
  broken: Error | undefined;
  readonly #rows = new Map<string, Row>();

  async list(): Promise<readonly StoredSlot[]> {
    this.#check();
    return [...this.#rows.values()].map(({ slot }) => slot);
  }

  async desire(key: SlotKey, target: Target): Promise<boolean> {
    this.#check();
    const row = this.#rows.get(slotId(key));
    if (row && row.slot.desired.revision >= target.revision) return false;
    this.#rows.set(slotId(key), {
      slot: { key, desired: target, actual: target.version === 0n ? undefined : row?.slot.actual },
      failed: undefined,
    });
    return true;
  }

  async recordLoaded(key: SlotKey, actual: Target, previous: Target | undefined): Promise<void> {
    this.#check();
    const row = this.#rows.get(slotId(key));
    if (!row || (row.slot.actual && row.slot.actual.revision >= actual.revision)) return;
    row.slot = { ...row.slot, actual };
    this.facts.push({ kind: 'loaded', key, actual, previous: previous?.version ?? 0n });
  }

  async recordFailed(key: SlotKey, desired: Target, failure: LoadFailure, actual: Target | undefined): Promise<void> {
    this.#check();
    const row = this.#rows.get(slotId(key));
    if (!row || row.slot.desired.revision !== desired.revision) return;
    if (row.failed?.revision === desired.revision && row.failed.reason === failure.reason) return;
    row.failed = { revision: desired.revision, reason: failure.reason };
    this.facts.push({ kind: 'failed', key, desired, reason: failure.reason, serving: actual?.version ?? 0n });
  }

  async forget(keys: readonly SlotKey[]): Promise<void> {
    this.#check();
    for (const key of keys) this.#rows.delete(slotId(key));
  }

  #check(): void {
    if (this.broken) throw this.broken;
  }
}
