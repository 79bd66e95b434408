import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ColumnSpec } from '../column.ts';
import { FailedPreconditionError } from '../index.ts';
import type { OfflineStore } from '../offline-store.ts';
import { never, plainView, START, type Bench, type OfflineStorage, type Row } from './offline-store-harness.ts';

const COLUMNS: readonly ColumnSpec[] = [
  { name: 'row', type: 'integer' },
  { name: 'stamp', type: 'timestamp' },
  { name: 'v', type: 'number' },
];
const KEYS = COLUMNS.slice(0, 1);
const rowsOf = (count: number): readonly Row[] =>
  Array.from({ length: count }, (_, row) => ({ row: BigInt(row), stamp: START + BigInt(row), v: row / 3 }));

/** Sentences on all calls: order of open and close, signals, files that are left, concurrent use. */
export function callsContract(bench: () => Bench, storage: () => OfflineStorage): void {
  it('refuses calls before open and after close, and waits for started ones', async () => {
    const table = bench().csv(COLUMNS, rowsOf(20_000));
    const view = plainView('v', [], KEYS, COLUMNS);
    const refused = async (store: OfflineStore): Promise<void> => {
      await expect(store.columnsOf(table, never)).rejects.toBeInstanceOf(FailedPreconditionError);
      await expect(store.readRejected(table.file, 0n, 1, never)).rejects.toBeInstanceOf(FailedPreconditionError);
      await expect(store.readLatest(view, 0n, never)[Symbol.asyncIterator]().next()).rejects.toBeInstanceOf(
        FailedPreconditionError,
      );
    };
    await refused(storage().create());
    let started: unknown = 'pending';
    const call = bench()
      .ingest(table, { columns: COLUMNS, eventTime: 'stamp' })
      .then((result) => (started = result.acceptedRows));
    await bench().store.close();
    expect(started).toBe(20_000);
    await call;
    await refused(bench().store);
    await bench().store.close();
  });

  it('throws the reason of a signal that has aborted already, and leaves no file', async () => {
    const reason = new Error('enough');
    const table = bench().csv(COLUMNS, rowsOf(3));
    const before = readdirSync(bench().directory);
    const aborted = AbortSignal.abort(reason);
    const view = plainView('v', [], KEYS, COLUMNS);
    await expect(bench().ingest(table, { columns: COLUMNS, eventTime: 'stamp', signal: aborted })).rejects.toBe(reason);
    const job = { entities: table, entityColumns: COLUMNS, eventTime: 'stamp', views: [] };
    await expect(bench().join(job, aborted)).rejects.toBe(reason);
    await expect(bench().store.columnsOf(table, aborted)).rejects.toBe(reason);
    await expect(bench().store.readLatest(view, 0n, aborted)[Symbol.asyncIterator]().next()).rejects.toBe(reason);
    expect(readdirSync(bench().directory)).toEqual(before);
  });

  it('stops when the signal aborts in the middle, and leaves no file', async () => {
    const table = bench().csv(COLUMNS, rowsOf(200_000));
    const before = readdirSync(bench().directory);
    for (const delayMs of [1, 5, 20, 60]) {
      const controller = new AbortController();
      const reason = new Error(`after ${delayMs} ms`);
      const call = bench().ingest(table, { columns: COLUMNS, eventTime: 'stamp', signal: controller.signal });
      setTimeout(() => controller.abort(reason), delayMs);
      await expect(call).rejects.toBe(reason);
      expect(readdirSync(bench().directory)).toEqual(before);
    }
  });

  it('lets a reader of latest rows stop early or be stopped', async () => {
    const file = await bench().accept(COLUMNS, rowsOf(100_000), { eventTime: 'stamp' });
    const view = plainView('v', [file], KEYS, COLUMNS);
    for await (const batch of bench().store.readLatest(view, -1n, never)) {
      expect(batch.rows).toBeGreaterThan(0);
      break;
    }
    const controller = new AbortController();
    const reason = new Error('stopped');
    const read = async (): Promise<void> => {
      for await (const batch of bench().store.readLatest(view, -1n, controller.signal))
        if (batch.rows > 0) controller.abort(reason);
    };
    await expect(read()).rejects.toBe(reason);
    await bench().store.close(); // does not wait for readers that have gone
  });

  it('serves concurrent calls', async () => {
    const table = bench().csv(COLUMNS, rowsOf(5_000));
    const file = (await bench().ingest(table, { columns: COLUMNS, eventTime: 'stamp' })).acceptedFile;
    const view = plainView(
      'v',
      [file],
      KEYS,
      COLUMNS.filter(({ name }) => name !== 'stamp'),
    );
    const joined = {
      view,
      entityColumns: ['row'],
      features: [{ feature: 'v', output: 'found' }],
      ttlMicros: 0n,
      createdCutoff: true,
    };
    const job = { entities: table, entityColumns: COLUMNS, eventTime: 'stamp', views: [joined] };
    const results = await Promise.all(Array.from({ length: 6 }, () => bench().join(job)));
    expect(new Set(results.map(({ contentSha256 }) => contentSha256)).size).toBe(1);
    expect(results[0]?.nulls['found']).toBe(0);
    const both = await Promise.all([bench().latest(view), bench().latest(view)]);
    expect(both.map(({ length }) => length)).toEqual([5_000, 5_000]);
  });

  it('of two calls that write the same file lets one win', async () => {
    const table = bench().csv(COLUMNS, rowsOf(10));
    const acceptedFile = bench().path('parquet');
    const calls = [1, 2].map(() => bench().ingest(table, { columns: COLUMNS, eventTime: 'stamp', acceptedFile }));
    const outcomes = (await Promise.allSettled(calls)).map(({ status }) => status).sort();
    expect(outcomes).toEqual(['fulfilled', 'rejected']);
    expect(await bench().latest(plainView('v', [acceptedFile], KEYS, COLUMNS))).toHaveLength(10);
  });

  it('gives the same result after it was closed and opened again', async () => {
    const table = bench().csv(COLUMNS, rowsOf(100));
    const file = (await bench().ingest(table, { columns: COLUMNS, eventTime: 'stamp' })).acceptedFile;
    const view = plainView(
      'v',
      [file],
      KEYS,
      COLUMNS.filter(({ name }) => name !== 'stamp'),
    );
    const joined = {
      view,
      entityColumns: ['row'],
      features: [{ feature: 'v', output: 'found' }],
      ttlMicros: 0n,
      createdCutoff: true,
    };
    const job = {
      entities: table,
      entityColumns: COLUMNS,
      eventTime: 'stamp',
      views: [joined],
      onProgress: () => undefined,
    };
    const first = await bench().join(job);
    await bench().store.close();
    const again = storage().create();
    await again.open(never);
    try {
      const second = await again.joinPointInTime({ ...job, outputFile: bench().path('parquet') }, never);
      expect(second.contentSha256).toBe(first.contentSha256);
    } finally {
      await again.close();
    }
  });
}
