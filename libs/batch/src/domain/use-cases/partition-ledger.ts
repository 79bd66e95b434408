import type { BatchDependencies } from '../dependencies.ts';
import * as steps from '../partition.ts';
import type { Lease, Partition, PartitionOutput } from '../partition.ts';
import type { ScoringJob } from '../scoring-job.ts';
import type { BatchTransaction, Call } from '../unit-of-work.ts';
import { lockOwned, putChanged } from './change-job.ts';

/** What became of an attempt that brought nothing. */
export interface LostAttempt extends Lease {
  readonly failures: number;
}

/**
 * Who works on which partition: the truth about a job, in the database. Of all that was ever leased only the newest lease of a partition counts,
 * and only while the operation that gave it works on the job.
 */
export class PartitionLedger {
  readonly #call: Call;
  readonly #job: Pick<ScoringJob, 'id' | 'operationId'>;
  readonly #deps: Pick<BatchDependencies, 'unitOfWork'>;
  readonly #leaseMicros: bigint;

  constructor(
    call: Call,
    job: Pick<ScoringJob, 'id' | 'operationId'>,
    deps: Pick<BatchDependencies, 'unitOfWork'>,
    leaseMs: number,
  ) {
    this.#call = call;
    this.#job = job;
    this.#deps = deps;
    this.#leaseMicros = BigInt(leaseMs) * 1000n;
  }

  /** Takes back what an earlier runner has leased. Its lease counts no more once the partition is leased again. */
  reclaim(): Promise<void> {
    return this.#run(async (tx) => {
      for (const partition of await tx.partitions.leased(this.#job.id)) {
        await tx.partitions.put(this.#job.id, steps.free(partition));
      }
    });
  }

  /** The first partition that waits. @returns undefined when none does. */
  lease(worker: string): Promise<Partition | undefined> {
    return this.#run(async (tx) => {
      const waiting = await tx.partitions.firstWaiting(this.#job.id);
      const leased = waiting && steps.lease(waiting, worker, tx.now + this.#leaseMicros);
      if (leased) await tx.partitions.put(this.#job.id, leased);
      return leased;
    });
  }

  /** @returns whether the lease still counts. */
  renew(held: Lease, worker: string): Promise<boolean> {
    return this.#run(async (tx) => {
      const partition = await tx.partitions.get(this.#job.id, held.number);
      const renewed = partition && steps.renew(partition, held, worker, tx.now + this.#leaseMicros);
      if (renewed) await tx.partitions.put(this.#job.id, renewed);
      return renewed !== undefined;
    });
  }

  /** Keeps the result with the counts of the job and its event. @returns undefined when the lease does not count any more. */
  complete(held: Lease, result: PartitionOutput): Promise<ScoringJob | undefined> {
    return this.#run(async (tx, job) => {
      const partition = await tx.partitions.get(job.id, held.number);
      const done = partition && steps.complete(partition, held, result);
      if (!done) return undefined;
      await tx.partitions.put(job.id, done);
      return putChanged(tx, {
        ...job,
        scoredRows: job.scoredRows + result.scoredRows,
        failedRows: job.failedRows + result.failedRows,
        finishedPartitions: job.finishedPartitions + 1,
      });
    });
  }

  /** @returns undefined when the lease does not count any more. */
  lose(held: Lease, message: string): Promise<LostAttempt | undefined> {
    return this.#run((tx, job) => this.#lose(tx, job, held, message));
  }

  /** Ends leases whose time is over. */
  expire(): Promise<readonly LostAttempt[]> {
    return this.#run(async (tx) => {
      const expired = (await tx.partitions.leased(this.#job.id)).filter((one) => steps.isExpired(one, tx.now));
      const lost: LostAttempt[] = [];
      for (const partition of expired) {
        const job = await tx.jobs.get(this.#job.id); // with the loss before this one
        const found = job && (await this.#lose(tx, job, partition, 'its worker gave no sign of life'));
        if (found) lost.push(found);
      }
      return lost;
    });
  }

  async #lose(tx: BatchTransaction, job: ScoringJob, held: Lease, message: string): Promise<LostAttempt | undefined> {
    const partition = await tx.partitions.get(job.id, held.number);
    const lost = partition && steps.lose(partition, held, message);
    if (!lost) return undefined;
    await tx.partitions.put(job.id, lost);
    await putChanged(tx, { ...job, lostAttempts: job.lostAttempts + 1 });
    return { number: held.number, epoch: held.epoch, failures: lost.failures };
  }

  /** @throws {ConflictError} SCORING_JOB_TAKEN when another operation works on the job by now. */
  #run<Result>(work: (tx: BatchTransaction, job: ScoringJob) => Promise<Result>): Promise<Result> {
    const { id, operationId } = this.#job;
    return this.#deps.unitOfWork.run(this.#call, async (tx) => work(tx, await lockOwned(tx, id, operationId)));
  }
}
