import { join } from 'node:path';
import { seededRandom } from '@slipway/kernel';
import type { ViewFeature, ViewTable } from '@slipway/plugin-kit';
import { describe, expect, it } from 'vitest';
import { openStore } from './testing/open-store.ts';

const signal = new AbortController().signal;
const ROWS = 12_000;

/** Sum and mean of numbers over windows, for rows that stand in the file in an order drawn with `seed`. */
async function contentOf(threads: number, seed: number): Promise<string> {
  const open = await openStore({ threads });
  try {
    const random = seededRandom(7);
    const value = (): number => (random.next() - 0.5) * 10 ** Math.floor(random.next() * 20 - 5);
    const rows = Array.from({ length: ROWS }, (_, row) => ({ row, order: 0, key: row % 7, value: value() }));
    const shuffle = seededRandom(seed);
    for (const row of rows) row.order = shuffle.next();
    rows.sort((a, b) => a.order - b.order);
    const file = join(open.directory, 'in.parquet');
    const list = rows.map(({ row, key, value }) => `(${row}, ${key}, '${value}'::DOUBLE)`).join(',');
    // Times with ties, so that also the order of equal times is free.
    await open.sql(
      `COPY (SELECT *, make_timestamp(1000000::BIGINT * (r // 5)) AS t FROM (VALUES ${list}) AS v(r, k, x)) TO '${file}' (ROW_GROUP_SIZE 2048)`,
    );
    const columns = [
      { name: 'r', type: 'integer', rules: {} },
      { name: 'k', type: 'integer', rules: {} },
      { name: 'x', type: 'number', rules: {} },
      { name: 't', type: 'timestamp', rules: {} },
    ] as const;
    const [acceptedFile, rejectedFile, outputFile] = ['a', 'r', 'o'].map((name) =>
      join(open.directory, `${name}.parquet`),
    ) as [string, string, string];
    await open.store.ingest(
      {
        input: { file, format: 'parquet' },
        columns,
        eventTime: 't',
        uniqueKey: [],
        firstArrival: 0n,
        acceptedFile,
        rejectedFile,
      },
      signal,
    );
    const feature = (wanted: 'sum' | 'mean'): ViewFeature => ({
      name: wanted,
      type: 'number',
      from: { aggregation: { function: wanted, column: 'x', windowMicros: 1_000_000_000n } },
    });
    const view: ViewTable = {
      name: 'v',
      files: [acceptedFile],
      snapshotId: 's',
      keys: [{ name: 'k', type: 'integer' }],
      features: [feature('sum'), feature('mean')],
    };
    const entities = join(open.directory, 'entities.parquet');
    await open.sql(
      `COPY (SELECT r AS row, k, make_timestamp(1000000::BIGINT * (r // 5)) AS t FROM (SELECT range AS r, range % 7 AS k FROM range(${ROWS}))) TO '${entities}'`,
    );
    const result = await open.store.joinPointInTime(
      {
        entities: { file: entities, format: 'parquet' },
        entityColumns: [
          { name: 'row', type: 'integer' },
          { name: 'k', type: 'integer' },
          { name: 't', type: 'timestamp' },
        ],
        eventTime: 't',
        views: [
          {
            view,
            entityColumns: ['k'],
            features: [
              { feature: 'sum', output: 'sum' },
              { feature: 'mean', output: 'mean' },
            ],
            ttlMicros: 0n,
            createdCutoff: true,
          },
        ],
        outputFile,
        onProgress: () => undefined,
      },
      signal,
    );
    expect(result.nulls['sum']).toBeLessThan(10);
    return result.contentSha256;
  } finally {
    await open.close();
  }
}

describe('sums of doubles', () => {
  it('have the same bits whatever the number of threads and the order of the rows', async () => {
    const hashes = [await contentOf(1, 1), await contentOf(2, 2), await contentOf(4, 3)];
    expect(new Set(hashes).size).toBe(1);
  });
});
