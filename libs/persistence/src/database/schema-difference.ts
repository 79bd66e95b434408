import type { SqlSchemaGenerator } from '@mikro-orm/sql';
import type { Database } from './open-database.ts';

/** Statements that would turn the schema of the database into the one of its entities; empty when they agree. Tables of the platform are left out. */
export async function readSchemaDifference(database: Database): Promise<readonly string[]> {
  const generator = database.orm.schema as unknown as SqlSchemaGenerator;
  const text = await generator.getUpdateSchemaSQL({ wrap: false, safe: false, dropTables: true });
  return text
    .split(/;\n/)
    .map((statement) => statement.trim().replace(/;$/, ''))
    .filter((statement) => statement !== '');
}
