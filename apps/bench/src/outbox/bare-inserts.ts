import Sqlite from 'better-sqlite3';
import { Pool } from 'pg';
import type { DatabaseTarget } from '@slipway/persistence';
import { BARE_TABLE } from './measured-entity.ts';

/** Commits of one prepared insert each: as fast as the database acknowledges at all. */
export interface BareInserts {
  insert(name: string): Promise<void>;
  close(): Promise<void>;
}

const INSERT = 'insert into bare (workspace, name, amount) values';

/** A connection of its own beside those of ours, set as ours are. */
export async function openBareInserts(target: DatabaseTarget, writers: number): Promise<BareInserts> {
  if (target.driver === 'sqlite') {
    const database = new Sqlite(target.file, { timeout: 5_000 });
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.exec(BARE_TABLE);
    const statement = database.prepare(`${INSERT} (?, ?, ?)`);
    return {
      insert: async (name) => void statement.run('default', name, 1),
      close: async () => void database.close(),
    };
  }
  const pool = new Pool({ connectionString: target.url, max: writers });
  await pool.query(BARE_TABLE);
  return {
    insert: async (name) =>
      void (await pool.query({ name: 'bare', text: `${INSERT} ($1, $2, $3)`, values: ['default', name, 1] })),
    close: () => pool.end(),
  };
}
