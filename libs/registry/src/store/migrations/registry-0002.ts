import { Migration } from '@mikro-orm/migrations';

const STATEMENTS: readonly string[] = [
  "alter table registry_version add column source text not null default ''",
  "alter table registry_version add column run_link text not null default ''",
  "alter table registry_version add column logged_model_id text not null default ''",
  "alter table registry_version add column user_id text not null default ''",
  "alter table registry_version add column stage text not null default 'none'",
  'create index registry_version_run on registry_version (workspace, run_id)',
];

/** Versions from sources and stages; for both databases. Applied migrations are never changed; add another one instead. */
export class Registry2 extends Migration {
  override readonly name = 'registry-0002';

  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
