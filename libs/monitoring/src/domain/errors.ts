import { ExhaustedError, FailedPreconditionError, NotFoundError } from '@slipway/kernel';
import { dayText, type Day } from './day.ts';
import { DAYS_PER_CALL, JOIN_PARTS_MAX, JOIN_ROWS_MAX } from './limits.ts';

/**
 * Every refusal of the monitor that has a word of its own (`ErrorInfo.reason`), with the status it travels as.
 *
 * | reason | status | when |
 * |---|---|---|
 * | MONITOR_NOT_FOUND | NOT_FOUND | the objective has no monitor in the caller's workspace |
 * | REFERENCE_MISSING | FAILED_PRECONDITION | the package of the version has no reference profile that can be used; the message says why |
 * | DAY_ROWS_MAX, DAY_VERSIONS_MAX | RESOURCE_EXHAUSTED | a day has more predictions, or versions, than are judged |
 * | DAYS_PER_CALL | RESOURCE_EXHAUSTED | coverage of more days than one call counts |
 * | STORED_BLOCK_DAMAGED | DATA_LOSS | stored predictions or outcomes are not what was written |
 *
 * From others, passed on as they are: REQUEST_ID_REUSED, PAGE_TOKEN_* (INVALID_ARGUMENT), TRANSACTION_CONFLICT (ABORTED), DATABASE_* (UNAVAILABLE),
 * and those of the registry's client.
 */
export type MonitoringErrorReason =
  | 'MONITOR_NOT_FOUND'
  | 'REFERENCE_MISSING'
  | 'DAY_ROWS_MAX'
  | 'DAY_VERSIONS_MAX'
  | 'DAYS_PER_CALL'
  | 'STORED_BLOCK_DAMAGED';

type Facts = Readonly<Record<string, string>>;
const details = (reason: MonitoringErrorReason, facts: Facts = {}) => ({ reason, facts });

export const monitorNotFound = (objective: string): NotFoundError =>
  new NotFoundError(
    `objective '${objective}' has no monitor; SetMonitor makes one`,
    details('MONITOR_NOT_FOUND', { objective }),
  );

export const referenceMissing = (model: string, version: number, why: string): FailedPreconditionError =>
  new FailedPreconditionError(
    `version ${version} of '${model}' has no reference to compare with: ${why}`,
    details('REFERENCE_MISSING', { model, version: `${version}` }),
  );

export const tooManyRows = (day: Day, rows: number): ExhaustedError =>
  new ExhaustedError(
    `${dayText(day)} has ${rows} predictions; at most ${JOIN_ROWS_MAX * JOIN_PARTS_MAX} of a day are judged`,
    details('DAY_ROWS_MAX', { day: dayText(day), rows: `${rows}` }),
  );

export const tooManyDays = (): ExhaustedError =>
  new ExhaustedError(`one call counts at most ${DAYS_PER_CALL} days; ask for less`, details('DAYS_PER_CALL'));
