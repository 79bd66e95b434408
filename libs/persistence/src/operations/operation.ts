import type { Logger, Micros } from '@slipway/kernel';

export type OperationState = 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** Names one operation; ids are unique over all workspaces, but may be looked up in their own only. */
export interface OperationKey {
  readonly workspace: string;
  readonly id: string;
}

/** `kind` is an ErrorKind, or `internal` for a bug, whose text stays in the log. */
export interface OperationFailure {
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
}

/** Work that outlives one call, as `slipway.common.v1.Operation` shows it. */
export interface OperationRecord extends OperationKey {
  /** What it does, e.g. `audit.verify`. */
  readonly kind: string;
  readonly state: OperationState;
  readonly done: bigint;
  /** 0 while unknown. */
  readonly total: bigint;
  /** What is counted, e.g. `rows`. */
  readonly unit: string;
  /** Set when the state is `failed`. */
  readonly error: OperationFailure | undefined;
  /** proto3 JSON of the result; set when the state is `succeeded`. */
  readonly resultJson: string | undefined;
  readonly resultType: string | undefined;
  readonly principal: string;
  readonly createdAt: Micros;
  readonly updatedAt: Micros;
  readonly cancelRequested: boolean;
  /** The runner that answers for it until `leaseUntil`; after that anybody may fail it. */
  readonly leaseOwner: string;
  readonly leaseUntil: Micros;
  /** Grows with every change that a reader can see; a longer lease is none. */
  readonly revision: bigint;
  /** What another runner needs to begin the work again; undefined for work that ends with its process. */
  readonly inputJson: string | undefined;
}

export const isFinal = (state: OperationState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

export interface OperationResult {
  /** Full name of the result message. */
  readonly type: string;
  /** Its proto3 JSON, at most 1 MiB. */
  readonly json: string;
}

/** What running work sees of its operation. */
export interface OperationHandle {
  readonly id: string;
  readonly log: Logger;
  /** Aborts on a cancel, when the process stops, or when the lease was lost: then stop soon, by rejecting. */
  readonly signal: AbortSignal;
  /**
   * How far it is; cheap, call it as often as you like: at most four a second are written, and the last one always.
   * @param total keeps its value when it is left out. @throws {RangeError} on a negative or broken number.
   */
  progress(done: bigint | number, total?: bigint | number): void;
}

/** Makes the work of an operation from its record alone, after the process that began it is gone. */
export type ResumeOperation = (record: OperationRecord) => OperationWork;

export type OperationWork = (operation: OperationHandle) => Promise<OperationResult>;
