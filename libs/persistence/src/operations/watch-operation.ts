import { Alarm, NotFoundError, type Clock } from '@slipway/kernel';
import type { OperationStore } from './operation-store.ts';
import { isFinal, type OperationKey, type OperationRecord } from './operation.ts';

/** The same for an id that never was and for one of another workspace. */
export const operationNotFound = (id: string): NotFoundError =>
  new NotFoundError(`there is no operation '${id}'`, { reason: 'OPERATION_NOT_FOUND', facts: { id } });

export interface WatchOptions {
  readonly clock: Clock;
  /** Worst delay of what another process changed; changes of this one are seen at once. */
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/**
 * The operation now and after each change; ends after a final state, or when it is purged meanwhile.
 * @throws {NotFoundError} when there is none. @throws {ExhaustedError} on too many watches. @throws the signal's reason when it aborts.
 */
export async function* watchOperation(
  store: OperationStore,
  key: OperationKey,
  { clock, pollMs, signal }: WatchOptions,
): AsyncGenerator<OperationRecord, void, void> {
  const alarm = new Alarm(clock);
  const unsubscribe = store.changes.subscribe(key, alarm.ring);
  try {
    for (let seen: bigint | undefined; ;) {
      signal.throwIfAborted();
      const record = await store.get(key);
      if (!record && seen === undefined) throw operationNotFound(key.id);
      if (!record) return;
      if (record.revision !== seen) yield record;
      if (isFinal(record.state)) return;
      seen = record.revision;
      await alarm.sleep(pollMs, signal);
    }
  } finally {
    unsubscribe();
  }
}
