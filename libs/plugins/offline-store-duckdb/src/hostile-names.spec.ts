import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { ViewTable } from '@slipway/plugin-kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore, type OpenStore } from './testing/open-store.ts';

const signal = new AbortController().signal;
const name = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    fc.string({
      minLength: 1,
      maxLength: 12,
      unit: fc.constantFrom('"', "'", ';', '-', '\\', ',', '$', '{', '\n', '\r', 'a', ' ', '*', '['),
    }),
    fc.constantFrom(
      'rn',
      'p0',
      'v0',
      'k0',
      'f0',
      'ev',
      'row',
      'select',
      'file_row_number',
      '"; DROP TABLE x; --',
      'filename',
    ),
  )
  .filter(
    (text) => text.isWellFormed() && !text.includes('\0') && !text.startsWith('__') && !text.startsWith('\ufeff'),
  );
const names = fc.uniqueArray(name, {
  minLength: 3,
  maxLength: 3,
  selector: (text) => text.toLowerCase().normalize('NFKC'),
});

let open: OpenStore;
beforeAll(async () => {
  open = await openStore();
});
afterAll(() => open.close());

const field = (text: string): string => `"${text.replaceAll('"', '""')}"`;

it('takes any name for columns of files, views and results', { timeout: 60_000 }, async () => {
  let file = 0;
  await fc.assert(
    fc.asyncProperty(
      names,
      names,
      async ([key = '', time = '', value = ''], [output = '', entityKey = '', entityTime = '']) => {
        const path = (): string => join(open.directory, `${(file += 1)}`);
        const [input, entities, acceptedFile, rejectedFile, outputFile] = [path(), path(), path(), path(), path()];
        writeFileSync(input, `${[key, time, value].map(field).join(',')}\nk,2001-01-01,5\nk,2001-01-01,x\n`);
        writeFileSync(entities, `${[entityKey, entityTime].map(field).join(',')}\nk,2001-01-02\n`);
        const columns = [
          { name: key, type: 'string' as const, rules: { pattern: 'k' } },
          { name: time, type: 'timestamp' as const, rules: {} },
          { name: value, type: 'integer' as const, rules: {} },
        ];
        await open.store.ingest(
          {
            input: { file: input, format: 'csv' },
            columns,
            eventTime: time,
            uniqueKey: [],
            firstArrival: 0n,
            acceptedFile,
            rejectedFile,
          },
          signal,
        );
        const rejected = await open.store.readRejected(rejectedFile, 0n, 10, signal);
        expect(rejected).toEqual([
          {
            row: 1n,
            breaches: [{ column: value, rule: 'type', reason: `'x' is not of type integer` }],
            values: { [key]: 'k', [time]: '2001-01-01', [value]: 'x' },
          },
        ]);
        const view: ViewTable = {
          name: 'view',
          files: [acceptedFile],
          snapshotId: acceptedFile,
          keys: [{ name: key, type: 'string' }],
          features: [{ name: value, type: 'integer', from: { column: value } }],
        };
        const result = await open.store.joinPointInTime(
          {
            entities: { file: entities, format: 'csv' },
            entityColumns: [
              { name: entityKey, type: 'string' },
              { name: entityTime, type: 'timestamp' },
            ],
            eventTime: entityTime,
            views: [
              {
                view,
                entityColumns: [entityKey],
                features: [{ feature: value, output }],
                ttlMicros: 0n,
                createdCutoff: true,
              },
            ],
            outputFile,
            onProgress: () => undefined,
          },
          signal,
        );
        expect(result.nulls).toEqual({ [entityKey]: 0, [entityTime]: 0, [output]: 0 });
        const found = await open.store.columnsOf({ file: outputFile, format: 'parquet' }, signal);
        expect(found.map((column) => column.name)).toEqual([entityKey, entityTime, output]);
      },
    ),
    { numRuns: 150 },
  );
});
