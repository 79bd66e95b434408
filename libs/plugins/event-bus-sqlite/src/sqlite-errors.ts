import { DataLossError, DomainError, FailedPreconditionError, UnavailableError } from '@slipway/kernel';
import Database from 'better-sqlite3';

/** The one place where an error of SQLite becomes one of ours. What is not from SQLite passes as it is. */
export function fromSqliteError(error: unknown): unknown {
  if (error instanceof DomainError || !(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new DataLossError(`the event log is damaged (${code})`, { cause: error, reason: 'EVENT_LOG_DAMAGED' });
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new FailedPreconditionError(
      'the event log is open in another process; it belongs to one process: stop that one, or use event-bus nats',
      { cause: error, reason: 'EVENT_LOG_IN_USE' },
    );
  }
  return new UnavailableError(`the event log cannot be used (${code})`, { cause: error, reason: 'EVENT_LOG_UNUSABLE' });
}

/** Runs `step`, with errors of SQLite turned into ours. */
export function mapped<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw fromSqliteError(error);
  }
}
