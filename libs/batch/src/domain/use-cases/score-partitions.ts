import { DomainError } from '@slipway/kernel';
import type { BatchDependencies, WorkHandle } from '../dependencies.ts';
import { partitionFailed, tooManyFailedRows } from '../errors.ts';
import type { Partition } from '../partition.ts';
import { failedRowsMax, rowsOf, type ScoringJob } from '../scoring-job.ts';
import type { Call } from '../unit-of-work.ts';
import { AttemptGivenUpError, PartitionAttempt } from './partition-attempt.ts';
import { PartitionLedger, type LostAttempt } from './partition-ledger.ts';
import type { RoundParts } from './round-parts.ts';
import { readJob } from './begin-job.ts';

/** SCORING: has workers score every partition that is not done. Returns when all are. @throws what fails the job. */
export async function scorePartitions(
  call: Call,
  job: ScoringJob,
  deps: BatchDependencies,
  handle: WorkHandle,
): Promise<ScoringJob> {
  const ledger = new PartitionLedger(call, job, deps, deps.limits.leaseMs);
  await ledger.reclaim();
  const { registry, files } = deps;
  const outgoing = { workspace: call.caller.workspace, signal: handle.signal };
  const pack = await files.holdPackage(job.model.digest, () => registry.download(job.model.name, job.model.version, outgoing), handle.signal); // prettier-ignore
  const round = new Round({ call, job, deps, handle, ledger, packageFolder: pack.path });
  try {
    await round.run();
  } finally {
    await round.stop();
    pack.release();
  }
  return readJob(call, job.id, deps);
}

/** The attempts of one job in this process. */
class Round {
  readonly #parts: RoundParts;
  /** By partition: the newest attempt of it. */
  readonly #attempts = new Map<number, { readonly attempt: PartitionAttempt; readonly end: Promise<void> }>();
  #failure: { readonly error: unknown } | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(parts: RoundParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { deps, handle, ledger } = this.#parts;
    const pauseMs = deps.limits.leaseMs / 4;
    for (;;) {
      handle.signal.throwIfAborted();
      if (this.#failure) throw this.#failure.error;
      const isDry = await this.#fill();
      if (isDry && this.#attempts.size === 0) return;
      await this.#sleep(pauseMs);
      for (const { attempt } of this.#attempts.values()) await attempt.keepAlive(ledger);
      for (const lost of await ledger.expire()) this.#giveUp(lost);
    }
  }

  /** Ends what still runs; called once. */
  async stop(): Promise<void> {
    for (const { attempt } of this.#attempts.values()) attempt.giveUp();
    await Promise.all([...this.#attempts.values()].map(({ end }) => end));
  }

  /** @returns whether no partition waits. */
  async #fill(): Promise<boolean> {
    const { deps, handle, ledger } = this.#parts;
    for (;;) {
      if (this.#attempts.size === 0) await deps.slots.enter(handle.signal);
      else if (!deps.slots.tryEnter()) return false;
      let partition: Partition | undefined;
      try {
        partition = await ledger.lease('');
      } finally {
        if (!partition) deps.slots.leave();
      }
      if (!partition) return true;
      deps.atStep('leased');
      this.#start(partition);
    }
  }

  #start(partition: Partition): void {
    const attempt = new PartitionAttempt(this.#parts, partition);
    const end = this.#follow(attempt, partition);
    this.#attempts.set(partition.number, { attempt, end });
  }

  async #follow(attempt: PartitionAttempt, partition: Partition): Promise<void> {
    try {
      const job = await attempt.run();
      if (job) this.#assertBudget(job);
    } catch (error) {
      await this.#lose(attempt, partition, error).catch((cause: unknown) => (this.#failure ??= { error: cause }));
    } finally {
      this.#forget(attempt, partition.number);
    }
  }

  #assertBudget(job: ScoringJob): void {
    const { handle } = this.#parts;
    handle.progress(job.scoredRows + job.failedRows, rowsOf(job));
    if (job.failedRows <= failedRowsMax(job)) return;
    this.#failure ??= { error: tooManyFailedRows(job.failedRows, rowsOf(job), failedRowsMax(job)) };
  }

  async #lose(attempt: PartitionAttempt, partition: Partition, error: unknown): Promise<void> {
    const { deps, ledger, handle } = this.#parts;
    if (error instanceof AttemptGivenUpError || handle.signal.aborted) return; // noted by whoever gave it up
    if (!attempt.isRepeatable(error)) throw error;
    const message = error instanceof DomainError ? error.message : 'internal error';
    deps.log.warn({ error, job: this.#parts.job.id, partition: partition.number }, 'an attempt failed');
    const lost = await ledger.lose(partition, message);
    if (lost) this.#assertTries(lost, message);
  }

  #giveUp(lost: LostAttempt): void {
    const known = this.#attempts.get(lost.number);
    if (known?.attempt.epoch === lost.epoch) {
      known.attempt.giveUp();
      this.#forget(known.attempt, lost.number); // its place is free; if it still answers, the ledger refuses that
    }
    const message = 'its worker gave no sign of life';
    try {
      this.#assertTries(lost, message);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #assertTries({ number, failures }: LostAttempt, message: string): void {
    if (failures >= this.#parts.job.plan.attemptsMax) throw partitionFailed(number, failures, message);
  }

  #forget(attempt: PartitionAttempt, number: number): void {
    if (this.#attempts.get(number)?.attempt !== attempt) return;
    this.#attempts.delete(number);
    this.#parts.deps.slots.leave();
    this.#wake.resolve();
  }

  /** Until an attempt ends, at most `ms`. */
  async #sleep(ms: number): Promise<void> {
    const { clock } = this.#parts.deps;
    const { signal } = this.#parts.handle;
    const awake = new AbortController();
    const pause = clock.sleep(ms, AbortSignal.any([signal, awake.signal])).catch(() => undefined); // the loop looks why
    await Promise.race([pause, this.#wake.promise]);
    awake.abort();
    this.#wake = Promise.withResolvers<void>();
  }
}
