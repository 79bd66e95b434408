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
export { createUnitOfWork, type CommitStep, type UnitOfWorkDependencies } from './unit-of-work/create-unit-of-work.ts';
export type { SqlRunner, SqlValue } from './database/sql-runner.ts';
export { translateDatabaseError, UniqueViolationError } from './database/database-errors.ts';
export {
  openDatabase,
  type Database,
  type DatabaseOptions,
  type DatabaseTarget,
  type Session,
} from './database/open-database.ts';
export { type MigrationClass, type MigrationLists } from './database/migration.ts';
export { hashAuditRecord, type AuditRecord } from './audit/audit-record.ts';
export { verifyAudit, type AuditBreak, type AuditVerification, type VerifyAuditOptions } from './audit/verify-audit.ts';
export { columns } from './columns/columns.ts';
export { assertEntityRules, type WorkspaceExemptions } from './columns/assert-entity-rules.ts';
export { decodeFloat64, encodeFloat64 } from './columns/float64-column.ts';
export {
  createOutboxRelay,
  type OutboxRelay,
  type OutboxRelayOptions,
  type OutboxRelayStatus,
  type RelayStep,
} from './outbox/outbox-relay.ts';
export { metadataSettings, metadataTarget, type MetadataSettings } from './metadata-settings.ts';
export { openServiceStore, type ServiceStore, type ServiceStoreHooks } from './service-store.ts';
export { listAudit, type AuditQuery } from './audit/list-audit.ts';
export { readSchemaDifference } from './database/schema-difference.ts';
export {
  createEventConsumer,
  makeDeadLetter,
  type EventConsumer,
  type EventConsumerOptions,
  type EventConsumerStatus,
  type EventContext,
  type EventHandler,
} from './consumer/event-consumer.ts';
export { decodePageToken, encodePageToken, type PageKey, type PageQuery } from './paging/page-token.ts';
export {
  PAGE_SIZE_DEFAULT,
  PAGE_SIZE_MAX,
  readOrder,
  readPageSize,
  toKeyset,
  toOrderBy,
  type OrderTerm,
} from './paging/list-order.ts';
export {
  isFinal,
  type OperationFailure,
  type OperationHandle,
  type OperationKey,
  type OperationRecord,
  type OperationResult,
  type OperationState,
  type OperationWork,
  type ResumeOperation,
} from './operations/operation.ts';
export { OperationRunner } from './operations/operation-runner.ts';
export type { OperationRequest, OperationRunnerOptions } from './operations/operation-runner-options.ts';
export { OperationStore } from './operations/operation-store.ts';
export { toOperationMessage } from './services/operation-to-proto.ts';
export { createPlatformServices } from './services/create-platform-services.ts';
export type { PlatformServiceMap, PlatformServiceParts } from './services/platform-service-parts.ts';
export { openPlatformServices, operationsOf } from './open-platform-services.ts';
export {
  pageOf,
  pageQuery,
  type Keyset,
  type KeysetPage,
  type KeysetPageRequest,
  type KeysetQuery,
} from './paging/keyset.ts';
