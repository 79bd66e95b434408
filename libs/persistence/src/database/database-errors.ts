import { AlreadyExistsError, ConflictError, DomainError, UnavailableError } from '@slipway/kernel';

/** A unique index refused a row. A store catches it and throws what it means in its domain; uncaught it tells the caller ALREADY_EXISTS. */
export class UniqueViolationError extends AlreadyExistsError {
  override readonly name = 'AlreadyExistsError' as const;
  /** Name of the index or constraint (PostgreSQL), or its columns as `table.column, …` (SQLite). For logs and for stores with several indexes. */
  readonly index: string;
  constructor(index: string, options: ErrorOptions = {}) {
    super('a thing with these unique fields is there already', { ...options, reason: 'UNIQUE_VIOLATION' });
    this.index = index;
  }
}

/** Another transaction won; the unit of work is repeated, and only the last refusal is seen outside. */
export class TransactionConflictError extends ConflictError {
  constructor(options: ErrorOptions) {
    super('another writer changed the same rows; repeat the call', { ...options, reason: 'TRANSACTION_CONFLICT' });
  }
}

/** The database is locked by another process for longer than we wait. */
export class DatabaseBusyError extends UnavailableError {
  constructor(options: ErrorOptions = {}) {
    super('the database is busy; try again', { ...options, reason: 'DATABASE_BUSY' });
  }
}

interface VendorError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly constraint?: unknown;
  readonly cause?: unknown;
}

const CONFLICTS = new Set(['40001', '40P01', '55P03', 'SQLITE_BUSY_SNAPSHOT']);
const UNREACHABLE =
  /^(?:08\d{3}|57P0[1-5]|53\d{3}|57014|25P0[34]|ECONN\w+|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH|SQLITE_CANTOPEN|SQLITE_IOERR\w*|SQLITE_FULL)$/;
/** What node-postgres says without a code when the server goes away or the pool has no connection to give. */
const LOST_CONNECTION =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Connection ended)/;
const SQLITE_UNIQUE = /UNIQUE constraint failed: (.*)/;

/** The one place that knows codes of database vendors. Domain errors and bugs pass as they are. */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error;
  const { code, message, constraint } = findVendorError(error);
  const word = typeof code === 'string' ? code : '';
  const text = typeof message === 'string' ? message : '';
  const options = { cause: error };
  if (word === '23505') return new UniqueViolationError(typeof constraint === 'string' ? constraint : '', options);
  if (word === 'SQLITE_CONSTRAINT_UNIQUE' || word === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return new UniqueViolationError(SQLITE_UNIQUE.exec(text)?.[1] ?? '', options);
  }
  if (CONFLICTS.has(word)) return new TransactionConflictError(options);
  if (/^SQLITE_(?:BUSY|LOCKED)/.test(word)) return new DatabaseBusyError(options);
  if (UNREACHABLE.test(word) || LOST_CONNECTION.test(text)) {
    return new UnavailableError('the database cannot be reached or gave up', {
      ...options,
      reason: 'DATABASE_UNAVAILABLE',
    });
  }
  return error;
}

/** The ORM wraps what drivers throw and copies `code`; the innermost error with a code is the vendor's. */
function findVendorError(error: Error): VendorError {
  let current: VendorError = error;
  for (let depth = 0; depth < 8 && current.code === undefined && current.cause instanceof Error; depth += 1) {
    current = current.cause;
  }
  return current;
}

/** Whether repeating the whole transaction may help. */
export function isWorthRepeating(error: unknown): boolean {
  return error instanceof TransactionConflictError || error instanceof DatabaseBusyError;
}
