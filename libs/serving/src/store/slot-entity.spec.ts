import { join } from 'node:path';
import { silentLogger } from '@slipway/kernel';
import { assertEntityRules, openDatabase } from '@slipway/persistence';
import { temporaryDirectory } from '@slipway/testing';
import { expect, it } from 'vitest';
import { servingEntities } from './slot-entity.ts';
import { servingMigrations } from './slot-table.ts';

it('keeps the rules for tables, and the migrations make just this table', async () => {
  expect(() => assertEntityRules(servingEntities)).not.toThrow();
  using directory = temporaryDirectory();
  const target = { driver: 'sqlite', file: join(directory.path, 'serving.db') } as const;
  const database = await openDatabase(target, {
    entities: servingEntities,
    migrations: servingMigrations,
    log: silentLogger,
  });
  try {
    expect(await database.orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe('');
  } finally {
    await database.close();
  }
});
