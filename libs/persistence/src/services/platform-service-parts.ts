import type { CallContext } from '@slipway/platform';
import type { Database } from '../database/open-database.ts';
import type { OperationRunner } from '../operations/operation-runner.ts';
import type { UnitOfWorkContext } from '../unit-of-work/transaction.ts';

/** What the platform's services need of each service of the process. */
export interface PlatformServiceParts {
  readonly database: Pick<Database, 'read'>;
  /** On the same database. */
  readonly operations: OperationRunner;
}

/** By name of the service, e.g. `registry`. */
export type PlatformServiceMap = ReadonlyMap<string, PlatformServiceParts>;

export const toWorkContext = ({ caller, requestId, traceparent }: CallContext): UnitOfWorkContext => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});
