import type { EntitySchema } from '@mikro-orm/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertEntityRules, type WorkspaceExemptions } from '../columns/assert-entity-rules.ts';
import { readSchemaDifference } from '../database/schema-difference.ts';
import type { MigrationLists } from '../database/migration.ts';
import { openTestDatabase, type TestDatabases } from './test-databases.ts';

/** Entities keep the rules, and the migrations make exactly the tables that they describe. For each service to run on both databases. */
export function schemaSuite(
  name: string,
  start: () => Promise<TestDatabases>,
  parts: { entities: readonly EntitySchema[]; migrations: MigrationLists; exemptions?: WorkspaceExemptions },
): void {
  describe(`schema: ${name}`, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    it('entities keep the rules', () => {
      expect(() => assertEntityRules(parts.entities, parts.exemptions)).not.toThrow();
    });

    it('migrations and entities agree', async () => {
      const { database } = await openTestDatabase(await databases.fresh(), parts);
      try {
        expect(await readSchemaDifference(database)).toEqual([]);
      } finally {
        await database.close();
      }
    });

    it('migrations run once, also when two processes start at once', async () => {
      const target = await databases.fresh();
      const opened = await Promise.all([openTestDatabase(target, parts), openTestDatabase(target, parts)]);
      await Promise.all(opened.map(({ database }) => database.close()));
      const again = await openTestDatabase(target, parts);
      expect(await readSchemaDifference(again.database)).toEqual([]);
      await again.database.close();
    });
  });
}
