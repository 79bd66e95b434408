import Sqlite from 'better-sqlite3';
import { join } from 'node:path';
import { WINDOW, type BusSide } from './bus-plan.ts';

/** What SQLite does with prepared statements in transactions of the same size, with a unique id for each message and one position to advance. */
export function openBareSqliteSide(directory: string): BusSide {
  const database = new Sqlite(join(directory, 'bare.db'));
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.exec(`
    create table log (sequence integer primary key autoincrement, id text not null unique, key text not null, data blob not null);
    create table position (sequence integer not null);
    insert into position values (0);
  `);
  const insert = database.prepare('insert into log (id, key, data) values (?, ?, ?)');
  const read = database.prepare<[number, number], { sequence: number; data: Uint8Array }>(
    'select sequence, id, key, data from log where sequence > ? order by sequence limit ?',
  );
  const advance = database.prepare('update position set sequence = ?');
  let position = 0;
  return {
    publish: async (messages) => {
      for (let from = 0; from < messages.length; from += WINDOW) {
        const batch = messages.slice(from, from + WINDOW);
        database.transaction(() => {
          for (const { id, key, data } of batch) insert.run(id, key, data);
        })();
      }
    },
    consume: async (messages) => {
      for (let seen = 0; seen < messages;) {
        const rows = read.all(position, Math.min(WINDOW, messages - seen));
        const last = rows.at(-1);
        if (!last) throw new Error('the log ends before the messages do');
        position = last.sequence;
        database.transaction(() => advance.run(position))();
        seen += rows.length;
      }
    },
    close: async () => void database.close(),
  };
}
