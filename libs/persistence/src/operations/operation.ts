import type { Micros } from '@slipway/kernel';

export type OperationState = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** Work that outlives one call, as `slipway.common.v1.Operation` shows it. */
export interface OperationRecord {
  readonly workspace: string;
  readonly id: string;
  /** What it does, e.g. `audit.verify`. */
  readonly kind: string;
  readonly state: OperationState;
  readonly done: bigint;
  /** 0 while unknown. */
  readonly total: bigint;
  /** What is counted, e.g. `rows`. */
  readonly unit: string;
  /** Set when the state is `failed`. `kind` is an ErrorKind, or `internal` for a bug, whose text stays in the log. */
  readonly error: { readonly kind: string; readonly reason: string; readonly message: string } | undefined;
  /** proto3 JSON of the result; set when the state is `succeeded`. */
  readonly resultJson: string | undefined;
  readonly resultType: string | undefined;
  readonly principal: string;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
  readonly cancelRequested: boolean;
}

export const isFinal = (state: OperationState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

export interface OperationProgress {
  readonly done: bigint;
  readonly total: bigint;
}

/** What runs. Stops soon after `signal` aborts, by rejecting; then the operation is cancelled or failed, whatever the cause was. */
export type OperationWork = (
  report: (progress: OperationProgress) => void,
  signal: AbortSignal,
) => Promise<{ readonly type: string; readonly json: string }>;
