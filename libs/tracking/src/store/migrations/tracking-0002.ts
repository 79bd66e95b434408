import { Migration } from '@mikro-orm/migrations';

/** What a search asks of many runs about one key lies together: looked up by run, each would be on a page of its own. */
const STATEMENTS: readonly string[] = [
  'create index tracking_metric_series_value on tracking_metric_series (workspace, key, run_id, value)',
  'create index tracking_param_key on tracking_param (workspace, key, run_id)',
];

/** For both databases. Applied migrations are never changed; add another one instead. */
export class Tracking2 extends Migration {
  override readonly name = 'tracking-0002';
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}
