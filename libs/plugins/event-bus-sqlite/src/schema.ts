import { FailedPreconditionError } from '@slipway/kernel';
import type Database from 'better-sqlite3';

const VERSION = 1;

const TABLES = `
CREATE TABLE incarnation (id TEXT NOT NULL);
CREATE TABLE log (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, also after the newest rows were deleted
  id TEXT NOT NULL,
  subject TEXT NOT NULL,
  key TEXT NOT NULL,
  headers TEXT NOT NULL,
  stored_at INTEGER NOT NULL, -- milliseconds
  data BLOB NOT NULL          -- last, so that looking at subjects does not read through it
);
CREATE TABLE message_ids (
  id TEXT PRIMARY KEY,
  sequence INTEGER NOT NULL,
  stored_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX message_ids_by_time ON message_ids (stored_at);
CREATE TABLE durables (
  name TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  floor INTEGER NOT NULL,    -- everything up to here is acknowledged
  delivered INTEGER NOT NULL -- everything up to here was handed out at least once
) WITHOUT ROWID;
CREATE TABLE acknowledged (  -- above the floor
  durable TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (durable, sequence)
) WITHOUT ROWID;
CREATE TABLE failures (
  durable TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  PRIMARY KEY (durable, sequence)
) WITHOUT ROWID;
`;

/** Sets the pragmas and makes the tables in a new file. @returns the id the log was given when it was made. */
export function prepareDatabase(
  database: Database.Database,
  durability: 'process' | 'power',
  newId: () => string,
): string {
  // Before the first access: the file is locked for as long as it is open, so a second process is refused at once.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
  const version = database.pragma('user_version', { simple: true });
  if (version === 0) createTables(database, newId());
  else if (version !== VERSION) {
    throw new FailedPreconditionError(`the event log has layout ${String(version)}, this program knows ${VERSION}`);
  }
  return database.prepare<[], string>('SELECT id FROM incarnation').pluck().get() ?? '';
}

function createTables(database: Database.Database, id: string): void {
  database.transaction(() => {
    database.exec(TABLES);
    database.prepare<[string]>('INSERT INTO incarnation VALUES (?)').run(id);
    database.pragma(`user_version = ${VERSION}`);
  })();
}
