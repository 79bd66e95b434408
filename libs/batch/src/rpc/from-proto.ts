import { InvalidArgumentError } from '@slipway/kernel';
import type { ScoringPlan__Output } from '@slipway/contracts/slipway.batch.v1';
import type { CallContext } from '@slipway/platform';
import type { KeysetPageRequest } from '../domain/paging.ts';
import type { ScoringPlan } from '../domain/scoring-job.ts';
import type { Call } from '../domain/unit-of-work.ts';

const PAGE_SIZE_DEFAULT = 100;
const ATTEMPTS_DEFAULT = 3;
const REQUEST = 'request:';

export const callOf = ({ caller, requestId, traceparent }: CallContext): Call => ({
  caller,
  requestId,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** A page size of 0 is the contract's way to say "the default". */
export const pageOf = (request: { page_size: number; page_token: string }): KeysetPageRequest => ({
  pageSize: request.page_size === 0 ? PAGE_SIZE_DEFAULT : request.page_size,
  pageToken: request.page_token,
});

/** With the defaults filled in. @throws {InvalidArgumentError} on a share outside of 0 to 1 and on bounds out of order. */
export function planOf(plan: ScoringPlan__Output | null, { partitionRows }: { partitionRows: number }): ScoringPlan {
  if (!plan) throw InvalidArgumentError.of('plan', 'is missing');
  const share = plan.failed_rows_share_max;
  if (share < 0 || share > 1) {
    throw InvalidArgumentError.of('plan.failed_rows_share_max', `is ${share}; a share is from 0 to 1`);
  }
  const [from, until] = [microsOf(plan.from), microsOf(plan.until)];
  if (from !== undefined && until !== undefined && BigInt(from) >= BigInt(until)) {
    throw InvalidArgumentError.of('plan.from', 'must be before plan.until');
  }
  const named = Object.entries(plan.request_columns).map(([name, column]) => [withoutPrefix(name), column] as const);
  const { online } = plan;
  return {
    consumer: plan.consumer,
    source: plan.source,
    model: plan.model,
    version: Number(plan.version),
    requestColumns: Object.fromEntries(named),
    passthrough: plan.passthrough,
    outputs: plan.outputs,
    from,
    until,
    partitionRows: Number(plan.partition_rows) || partitionRows,
    failedRowsShareMax: share,
    attemptsMax: plan.attempts_max || ATTEMPTS_DEFAULT,
    online: online
      ? {
          table: online.table,
          keys: online.keys,
          fallback: online.fallback === 'FALLBACK_KIND_MEAN' ? 'mean' : 'none',
        }
      : undefined,
  };
}

const withoutPrefix = (name: string): string => (name.startsWith(REQUEST) ? name.slice(REQUEST.length) : name);

/** Microseconds as text; what is below one is cut. */
function microsOf(time: { readonly seconds: string; readonly nanos: number } | null): string | undefined {
  return time ? `${BigInt(time.seconds) * 1_000_000n + BigInt(Math.floor(time.nanos / 1000))}` : undefined;
}
