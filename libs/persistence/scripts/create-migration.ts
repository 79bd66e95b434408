/**
 * Writes the next migration of a service for both databases from the difference between its migrations and its entities.
 *
 *   npm run migration:create -- <file> <name>
 *
 * <file> exports `entities: EntitySchema[]` and `migrations: MigrationLists`; the new files go to `migrations/` beside it, to be added to the
 * lists by hand. SQLite needs nothing; for PostgreSQL a server is started in a temporary directory, which needs PostgreSQL's programs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { silentLogger } from '@slipway/kernel';
import type { EntitySchema } from '@mikro-orm/core';
import { openDatabase } from '../src/database/open-database.ts';
import type { MigrationLists } from '../src/database/migration.ts';
import { readSchemaDifference } from '../src/database/schema-difference.ts';
import { postgresDatabases, sqliteDatabases } from '../src/testing/test-databases.ts';

const [file, name] = process.argv.slice(2);
if (!file || !/^[a-z0-9-]{1,80}$/.test(name ?? '')) {
  throw new Error('usage: npm run migration:create -- <file> <name of small letters, digits and ->');
}
const source = resolve(process.env['INIT_CWD'] ?? process.cwd(), file);
const service = (await import(pathToFileURL(source).href)) as { entities: EntitySchema[]; migrations: MigrationLists };
const directory = join(dirname(source), 'migrations');
mkdirSync(directory, { recursive: true });

for (const start of [sqliteDatabases, postgresDatabases]) {
  const databases = await start();
  try {
    const database = await openDatabase(await databases.fresh(), { ...service, log: silentLogger });
    const statements = await readSchemaDifference(database);
    await database.close();
    if (statements.length === 0) {
      process.stdout.write(`${databases.driver}: migrations and entities agree\n`);
      continue;
    }
    const path = join(directory, `${name}.${databases.driver}.ts`);
    writeFileSync(path, migrationSource(`${name}`, databases.driver, statements), { flag: 'wx' });
    process.stdout.write(`${databases.driver}: ${path}\n`);
  } finally {
    await databases.stop();
  }
}

function migrationSource(name: string, driver: string, statements: readonly string[]): string {
  const words = `${name}-${driver}`.split('-').filter((word) => word !== '');
  const className = `Migration${words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')}`;
  const lines = statements.map((statement) => `    this.addSql(${JSON.stringify(statement)});`);
  return [
    `import { Migration } from '@mikro-orm/migrations';`,
    ``,
    `/** Applied migrations are never changed; add another one instead. */`,
    `export class ${className} extends Migration {`,
    `  override readonly name = '${name}';`,
    `  override up(): void {`,
    ...lines,
    `  }`,
    `}`,
    ``,
  ].join('\n');
}
