import type { Micros } from '@slipway/kernel';

/** A file in the artifact store; `uri` is `artifact:` and its path. */
export interface StoredFile {
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
}

/** What one partition came to. A file that would have no rows is not there. */
export interface PartitionOutput {
  readonly scoredRows: number;
  readonly failedRows: number;
  readonly output: StoredFile | undefined;
  readonly errors: StoredFile | undefined;
  /** The outputs once more, as float64 row by row, for the digest of the whole. */
  readonly values: StoredFile | undefined;
}

/** A part of a job's rows: written down once, then leased until it is done. */
export interface Partition {
  /** From 0. */
  readonly number: number;
  readonly file: StoredFile;
  /** Rows of the file. */
  readonly firstRow: number;
  readonly rows: number;
  readonly state: 'waiting' | 'leased' | 'done';
  /** Counts leases; what an earlier one brings is refused. */
  readonly epoch: number;
  /** Attempts that ended without a result since the job was begun or resumed. */
  readonly failures: number;
  readonly worker: string;
  readonly leaseUntil: Micros;
  readonly result: PartitionOutput | undefined;
  readonly errorMessage: string;
}

/** What a lease is given for. */
export interface Lease {
  readonly number: number;
  readonly epoch: number;
}

const isHeld = (partition: Partition, { epoch }: Lease): boolean =>
  partition.state === 'leased' && partition.epoch === epoch;

/** The next lease of a partition that waits. @returns undefined for any other. */
export const lease = (partition: Partition, worker: string, leaseUntil: Micros): Partition | undefined =>
  partition.state === 'waiting'
    ? { ...partition, state: 'leased', epoch: partition.epoch + 1, worker, leaseUntil }
    : undefined;

/** Later end and name of the worker of a lease that still counts. */
export const renew = (partition: Partition, held: Lease, worker: string, leaseUntil: Micros): Partition | undefined =>
  isHeld(partition, held) ? { ...partition, worker, leaseUntil } : undefined;

/** The result of the lease that counts; of any other it is refused. */
export const complete = (partition: Partition, held: Lease, result: PartitionOutput): Partition | undefined =>
  isHeld(partition, held) ? { ...partition, state: 'done', result, errorMessage: '' } : undefined;

/** An attempt ended without a result: the partition waits again. */
export const lose = (partition: Partition, held: Lease, errorMessage: string): Partition | undefined =>
  isHeld(partition, held)
    ? { ...partition, state: 'waiting', failures: partition.failures + 1, errorMessage }
    : undefined;

/** Its runner is gone or gave it up, which is not the fault of the partition. */
export const free = (partition: Partition): Partition =>
  partition.state === 'leased' ? { ...partition, state: 'waiting' } : partition;

export const isExpired = ({ state, leaseUntil }: Partition, now: Micros): boolean =>
  state === 'leased' && leaseUntil <= now;
