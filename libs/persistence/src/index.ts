export type {
  AuditEntry,
  AuditTrail,
  Inbox,
  Outbox,
  Requests,
  Snapshot,
  Transaction,
  UnitOfWork,
  UnitOfWorkContext,
} from './unit-of-work/transaction.ts';
export type { SqlRunner, SqlValue } from './database/sql-runner.ts';
export { UniqueViolationError } from './database/database-errors.ts';
