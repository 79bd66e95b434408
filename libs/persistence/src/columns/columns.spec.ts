import * as fc from 'fast-check';
import { defineEntity, p } from '@mikro-orm/core';
import { describe, expect, it } from 'vitest';
import { metadataTypesSuite } from '../testing/metadata-types-suite.ts';
import { sqliteDatabases } from '../testing/test-databases.ts';
import { assertEntityRules } from './assert-entity-rules.ts';
import { columns } from './columns.ts';
import { decodeFloat64, encodeFloat64 } from './float64-column.ts';

metadataTypesSuite('SQLite', sqliteDatabases);

describe('doubles as integers', () => {
  it('for all pairs: keep every bit and the order', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), (left, right) => {
        expect(decodeFloat64(encodeFloat64(left))).toBe(left);
        if (left < right) expect(encodeFloat64(left)).toBeLessThan(encodeFloat64(right));
      }),
      { numRuns: 2_000 },
    );
    expect(encodeFloat64(-0)).toBe(-1n);
    expect(encodeFloat64(0)).toBe(0n);
    expect(encodeFloat64(Number.NaN)).toBeGreaterThan(encodeFloat64(Infinity));
  });
});

describe('entity rules', () => {
  const good = defineEntity({
    name: 'Good',
    properties: { workspace: columns.workspace(), name: columns.text(10).primary(), size: columns.int64() },
    uniques: [{ properties: ['workspace', 'size'] }],
  });
  const problemsOf =
    (...entities: Parameters<typeof assertEntityRules>[0]) =>
    () =>
      assertEntityRules(entities);

  it('accepts an entity that keeps them', () => {
    expect(problemsOf(good)).not.toThrow();
  });

  it('refuses a plain bigint, by method and by column type', () => {
    const byMethod = defineEntity({ name: 'A', properties: { workspace: columns.workspace(), size: p.bigint() } });
    const byType = defineEntity({
      name: 'B',
      properties: { workspace: columns.workspace(), size: p.string().columnType('bigint') },
    });
    expect(problemsOf(byMethod)).toThrow(/A\.size: a plain bigint/);
    expect(problemsOf(byType)).toThrow(/B\.size: a plain bigint/);
  });

  it('refuses autoincrement', () => {
    const counted = defineEntity({
      name: 'C',
      properties: { workspace: columns.workspace(), id: p.integer().primary().autoincrement() },
    });
    expect(problemsOf(counted)).toThrow(/C\.id: autoincrement/);
  });

  it('refuses keys and unique indexes that do not begin with the workspace', () => {
    const key = defineEntity({
      name: 'D',
      properties: { id: columns.text(10).primary(), workspace: columns.text(63) },
    });
    const unique = defineEntity({
      name: 'E',
      properties: { workspace: columns.workspace(), name: columns.text(9).unique() },
    });
    const index = defineEntity({
      name: 'F',
      properties: { workspace: columns.workspace(), name: columns.text(9) },
      uniques: [{ properties: ['name', 'workspace'] }],
    });
    expect(problemsOf(key)).toThrow(/D: 'workspace' must be the first column of the primary key/);
    expect(problemsOf(unique)).toThrow(/E\.name: a unique column/);
    expect(problemsOf(index)).toThrow(/F: unique index on name,workspace/);
  });

  it('takes an exemption only with a reason and for an entity', () => {
    const global = defineEntity({ name: 'G', properties: { id: columns.text(10).primary() } });
    expect(() => assertEntityRules([global], { G: 'one row for the whole installation' })).not.toThrow();
    expect(() => assertEntityRules([global], { G: 'because' })).toThrow(/needs a reason/);
    expect(() => assertEntityRules([good], { H: 'one row for the whole installation' })).toThrow(/is no entity/);
  });
});
