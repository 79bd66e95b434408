import type { Operation } from '@slipway/contracts/slipway.common.v1';
import type { ErrorKind } from '@slipway/kernel';
import { ERROR_CODES, STATUS } from '@slipway/platform';
import type { OperationFailure, OperationRecord, OperationState } from '../operations/operation.ts';
import { toTimestamp } from './timestamp.ts';

const STATES = {
  pending: 'OPERATION_STATE_PENDING',
  running: 'OPERATION_STATE_RUNNING',
  succeeded: 'OPERATION_STATE_SUCCEEDED',
  failed: 'OPERATION_STATE_FAILED',
  cancelled: 'OPERATION_STATE_CANCELLED',
} as const satisfies Record<OperationState, string>;

const isErrorKind = (kind: string): kind is ErrorKind => Object.hasOwn(ERROR_CODES, kind);

const toError = ({ kind, reason, message }: OperationFailure) => ({
  code: isErrorKind(kind) ? STATUS[ERROR_CODES[kind].grpc] : STATUS.INTERNAL,
  reason,
  message,
});

export const toOperationMessage = (record: OperationRecord): Operation => ({
  id: record.id,
  kind: record.kind,
  state: STATES[record.state],
  progress: { done: record.done.toString(), total: record.total.toString(), unit: record.unit },
  error: record.error ? toError(record.error) : null,
  result_json: record.resultJson ?? '',
  result_type: record.resultType ?? '',
  principal: record.principal,
  create_time: toTimestamp(record.createdAt),
  update_time: toTimestamp(record.updatedAt),
  cancel_requested: record.cancelRequested,
});
