import { FailedPreconditionError } from '@slipway/kernel';
import { describe, expect, it } from 'vitest';
import type { OnlineStore } from '../online-store.ts';
import {
  bytesOf,
  failureOf,
  rowOf,
  TABLE,
  unaborted,
  valuesIn,
  type OnlineStoreFixture,
} from './online-store-harness.ts';

const everyCall = (store: OnlineStore): readonly Promise<unknown>[] => [
  store.read([{ table: TABLE, keys: [bytesOf('k')] }], unaborted),
  store.write(TABLE, [rowOf('k', 'x')], unaborted),
  store.drop(TABLE, unaborted),
];

export function lifecycleTests(current: () => OnlineStoreFixture): void {
  describe('lifecycle', () => {
    it('refuses calls before it is open and after it is closed', async () => {
      const store = current().storage.create();
      for (const call of everyCall(store)) expect(await failureOf(call)).toBeInstanceOf(FailedPreconditionError);
      await store.open(unaborted);
      expect(await failureOf(store.open(unaborted))).toBeInstanceOf(FailedPreconditionError);
      await store.close();
      await store.close();
      for (const call of everyCall(store)) expect(await failureOf(call)).toBeInstanceOf(FailedPreconditionError);
      expect(await failureOf(store.open(unaborted))).toBeInstanceOf(FailedPreconditionError);
    });

    it('may be closed without having been opened', async () => {
      const store = current().storage.create();
      await store.close();
      expect(await failureOf(store.open(unaborted))).toBeInstanceOf(FailedPreconditionError);
    });

    it('finishes started calls when it is closed', async () => {
      const { storage } = current();
      const store = storage.create();
      await store.open(unaborted);
      const writes = Array.from({ length: 50 }, (_, index) =>
        store.write(TABLE, [rowOf(`k${index}`, `${index}`)], unaborted),
      );
      const reads = store.read([{ table: TABLE, keys: [bytesOf('none')] }], unaborted);
      await store.close();
      expect(await Promise.all(writes)).toEqual(writes.map(() => ({ stored: 1 })));
      expect(await reads).toEqual([[undefined]]);
      expect(await valuesIn(current().store, ['k0', 'k49'])).toEqual(['0', '49']);
    });

    it('keeps its rows from one opening to the next', async () => {
      const { storage } = current();
      for (let turn = 0; turn < 3; turn++) {
        const store = storage.create();
        await store.open(unaborted);
        if (turn > 0) expect(await valuesIn(store, ['k'])).toEqual([`turn ${turn - 1}`]);
        await store.write(TABLE, [rowOf('k', `turn ${turn}`, { event: BigInt(turn) })], unaborted);
        await store.close();
      }
    });

    it('does nothing for a caller that has given up', async () => {
      const { store } = current();
      await store.write(TABLE, [rowOf('kept', 'x')], unaborted);
      const given = AbortSignal.abort(new Error('gave up'));
      await failureOf(store.write(TABLE, [rowOf('k', 'x')], given));
      await failureOf(store.read([{ table: TABLE, keys: [bytesOf('k')] }], given));
      await failureOf(store.drop(TABLE, given));
      expect(await valuesIn(store, ['k', 'kept'])).toEqual([undefined, 'x']);
    });
  });
}
