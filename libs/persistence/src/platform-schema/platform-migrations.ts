import { Migration } from '@mikro-orm/migrations';
import type { MigrationLists } from '../database/migration.ts';
import { auditTables } from './audit-tables.ts';
import { operationResumeColumns, operationTables } from './operation-tables.ts';
import { outboxTables } from './outbox-tables.ts';
import { requestTables } from './request-tables.ts';

class PlatformSqlite1 extends Migration {
  override readonly name = 'platform-0001';
  override up(): void {
    for (const statement of [...outboxTables.sqlite, ...requestTables, ...auditTables.sqlite]) this.addSql(statement);
  }
}

class PlatformPostgresql1 extends Migration {
  override readonly name = 'platform-0001';
  override up(): void {
    for (const statement of [...outboxTables.postgresql, ...requestTables, ...auditTables.postgresql]) {
      this.addSql(statement);
    }
  }
}

class PlatformOperations extends Migration {
  override readonly name = 'platform-0002-operations';
  override up(): void {
    for (const statement of operationTables) this.addSql(statement);
  }
}

class PlatformOperationResume extends Migration {
  override readonly name = 'platform-0003-operation-resume';
  override up(): void {
    for (const statement of operationResumeColumns) this.addSql(statement);
  }
}

/** Tables that every service has: outbox, inbox, requests, audit, operations. Applied before the service's own. */
export const platformMigrations: MigrationLists = {
  sqlite: [PlatformSqlite1, PlatformOperations, PlatformOperationResume],
  postgresql: [PlatformPostgresql1, PlatformOperations, PlatformOperationResume],
};
