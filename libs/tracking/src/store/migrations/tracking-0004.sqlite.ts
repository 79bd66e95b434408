import { Migration } from '@mikro-orm/migrations';

/** Uploads in parts. */
const STATEMENTS: readonly string[] = [
  `create table tracking_upload (
    workspace text not null,
    upload_id text not null,
    home_kind text not null,
    home_id text not null,
    path text not null,
    parts integer not null,
    expire_time bigint not null,
    state text not null,
    parts_digest text null,
    bytes bigint null,
    sha256 text null,
    primary key (workspace, upload_id)
  )`,
  'create index tracking_upload_expire on tracking_upload (expire_time)',
];

/** Applied migrations are never changed; add another one instead. */
export class TrackingSqlite4 extends Migration {
  override readonly name = 'tracking-0004';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
