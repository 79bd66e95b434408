import type { Partition, StoredFile } from './partition.ts';

/** Keeps a manifest below a megabyte or two. */
export const PARTITIONS_MAX = 10_000;

/**
 * Cuts files into partitions of at most `partitionRows` rows, as even as they come, in the order of the rows. Done once per job: what is written
 * down is never worked out again.
 */
export function planPartitions(files: readonly StoredFile[], partitionRows: number): readonly Partition[] {
  const partitions: Partition[] = [];
  for (const file of files) {
    const parts = Math.ceil(file.rows / partitionRows);
    for (let part = 0; part < parts; part += 1) {
      const firstRow = Math.floor((file.rows * part) / parts);
      const rows = Math.floor((file.rows * (part + 1)) / parts) - firstRow;
      partitions.push({ ...FRESH, number: partitions.length, file, firstRow, rows });
    }
  }
  return partitions;
}

const FRESH = {
  state: 'waiting',
  epoch: 0,
  failures: 0,
  worker: '',
  leaseUntil: 0n,
  result: undefined,
  errorMessage: '',
} as const;
