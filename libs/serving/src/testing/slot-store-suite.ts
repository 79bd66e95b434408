import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SlotStore } from '../domain/ports.ts';
import type { Target } from '../domain/slot.ts';

const KEY = { workspace: 'default', model: 'm', alias: 'champion' };
const target = (revision: bigint, version: bigint): Target => ({
  version,
  digest: version === 0n ? '' : 'd'.repeat(64),
  revision,
});
const failure = (reason: string) => ({ revision: 0n, reason, message: 'because', retryable: false, attempts: 1 });
const never = new AbortController().signal;

/** A store under test with the facts it has recorded, oldest first, as `loaded 2 after 1` and `failed 2 REASON serving 1`. */
export interface SlotStoreUnderTest {
  readonly store: SlotStore;
  facts(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What serving relies on in every store of slots. */
export function slotStoreSuite(name: string, make: () => Promise<SlotStoreUnderTest>): void {
  describe(`slot store contract: ${name}`, () => {
    let made: SlotStoreUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.close());

    it('keeps the extremes of 64 bits', async () => {
      const greatest = 2n ** 63n - 1n;
      expect(await made.store.desire(KEY, target(greatest, greatest))).toBe(true);
      await made.store.recordLoaded(KEY, target(greatest, greatest), undefined, 1.5);
      const expected = { key: KEY, desired: target(greatest, greatest), actual: target(greatest, greatest) };
      expect(await made.store.list(never)).toEqual([expected]);
    });

    it('takes only newer revisions, also of two that come at once', async () => {
      expect(await made.store.desire(KEY, target(3n, 3n))).toBe(true);
      expect(await made.store.desire(KEY, target(3n, 9n))).toBe(false);
      expect(await made.store.desire(KEY, target(2n, 9n))).toBe(false);
      const order = [9n, 5n, 12n, 7n, 4n, 11n];
      await Promise.all(order.map((revision) => made.store.desire(KEY, target(revision, revision))));
      expect((await made.store.list(never))[0]?.desired).toEqual(target(12n, 12n));
    });

    it('records a load once, and a later one again', async () => {
      await made.store.desire(KEY, target(1n, 1n));
      await made.store.recordLoaded(KEY, target(1n, 1n), undefined, 1);
      await made.store.recordLoaded(KEY, target(1n, 1n), undefined, 1);
      await made.store.desire(KEY, target(2n, 2n));
      expect((await made.store.list(never))[0]?.actual).toEqual(target(1n, 1n));
      await made.store.recordLoaded(KEY, target(2n, 2n), target(1n, 1n), 1);
      expect(await made.facts()).toEqual(['loaded 1 after 0', 'loaded 2 after 1']);
    });

    it('records a failure once for each revision and reason, and none of a move that is past', async () => {
      await made.store.desire(KEY, target(2n, 2n));
      await made.store.recordFailed(KEY, target(2n, 2n), failure('UNAVAILABLE'), target(1n, 1n));
      await made.store.recordFailed(KEY, target(2n, 2n), failure('UNAVAILABLE'), target(1n, 1n));
      await made.store.recordFailed(KEY, target(2n, 2n), failure('OTHER'), undefined);
      await made.store.desire(KEY, target(3n, 3n));
      await made.store.recordFailed(KEY, target(2n, 2n), failure('LATE'), undefined);
      await made.store.recordFailed(KEY, target(3n, 3n), failure('OTHER'), undefined);
      expect(await made.facts()).toEqual([
        'failed 2 UNAVAILABLE serving 1',
        'failed 2 OTHER serving 0',
        'failed 3 OTHER serving 0',
      ]);
    });

    it('keeps the revision of a deleted alias and no version', async () => {
      await made.store.desire(KEY, target(1n, 1n));
      await made.store.recordLoaded(KEY, target(1n, 1n), undefined, 1);
      await made.store.desire(KEY, target(2n, 0n));
      expect(await made.store.desire(KEY, target(1n, 1n))).toBe(false);
      expect(await made.store.list(never)).toEqual([{ key: KEY, desired: target(2n, 0n), actual: undefined }]);
    });

    it('keeps slots apart by workspace, model and alias, and forgets only what it is told to', async () => {
      const keys = [KEY, { ...KEY, workspace: 'other' }, { ...KEY, model: 'n' }, { ...KEY, alias: 'b' }];
      for (const key of keys) await made.store.desire(key, target(1n, 1n));
      await made.store.forget([KEY]);
      const left = (await made.store.list(never)).map(({ key }) => key);
      expect(left).toHaveLength(3);
      expect(left).toEqual(expect.arrayContaining(keys.slice(1)));
    });
  });
}
