import type { ScoringResult, ScoringTask, WrittenFile } from '@slipway/batch-worker';
import { ConflictError, DomainError, type JsonValue } from '@slipway/kernel';
import { isWorthRepeating } from '../errors.ts';
import type { Partition, PartitionOutput, StoredFile } from '../partition.ts';
import { failedRowsMax, type ScoringJob } from '../scoring-job.ts';
import { columnsNamed } from './plan-job.ts';
import type { PartitionLedger } from './partition-ledger.ts';
import type { RoundParts } from './round-parts.ts';

/** Reason of the signal of an attempt that was given up. */
export class AttemptGivenUpError extends Error {
  override readonly name = 'AttemptGivenUpError';
  constructor() {
    super('the attempt was given up');
  }
}

/** One lease of a partition: has a worker score it, stores what it wrote under names of this attempt, and offers the result to the ledger. */
export class PartitionAttempt {
  readonly epoch: number;
  readonly #parts: RoundParts;
  readonly #partition: Partition;
  readonly #stop = new AbortController();
  readonly #startedAtMs: number;
  #worker: string | undefined;
  #beatAtMs = 0;
  #renewedAtMs = 0;
  #renewing: Promise<unknown> = Promise.resolve();

  constructor(parts: RoundParts, partition: Partition) {
    this.#parts = parts;
    this.#partition = partition;
    this.epoch = partition.epoch;
    this.#startedAtMs = parts.deps.clock.monotonicMs();
    this.#renewedAtMs = this.#startedAtMs;
  }

  /** Asks the worker to stop; whatever it still answers is offered to the ledger all the same, which refuses it. */
  giveUp(): void {
    this.#stop.abort(new AttemptGivenUpError());
  }

  isRepeatable(error: unknown): boolean {
    return error instanceof DomainError && isWorthRepeating(error) && error.reason !== 'SCORING_JOB_TAKEN';
  }

  /**
   * Extends the lease for signs of life since the last time; before the worker has begun, it waits for a process, which the launcher bounds. An
   * attempt that takes too long is not extended any more.
   */
  async keepAlive(ledger: PartitionLedger): Promise<void> {
    const { clock, limits } = this.#parts.deps;
    const now = clock.monotonicMs();
    const isAlive = this.#worker === undefined || this.#beatAtMs > this.#renewedAtMs;
    if (!isAlive || now - this.#startedAtMs > limits.attemptMs || this.#stop.signal.aborted) return;
    this.#renewedAtMs = now;
    await ledger.renew(this.#partition, this.#worker ?? '');
  }

  /** @returns the job with this partition done; undefined when the ledger refused the result. */
  async run(): Promise<ScoringJob | undefined> {
    const { deps, handle, job, call, ledger } = this.#parts;
    const signal = AbortSignal.any([this.#stop.signal, handle.signal]);
    const { workspace } = call.caller;
    const input = await deps.files.holdInput(workspace, this.#partition.file, signal);
    const name = `part-${`${this.#partition.number}`.padStart(5, '0')}-e${this.epoch}`;
    const folder = await deps.files.newFolder(`${job.id}-${name}`);
    try {
      const task = this.#task(input.path, folder);
      const answer = await deps.launcher.run({ id: `${job.id}/${name}`, task: task as unknown as JsonValue }, (worker) => this.#beat(worker), signal); // prettier-ignore
      deps.atStep('scored');
      const result = await this.#store(answer as unknown as ScoringResult, name, folder);
      deps.atStep('stored');
      return await this.#offer(ledger, result);
    } finally {
      input.release();
      await deps.files.discard(folder);
    }
  }

  async #offer(ledger: PartitionLedger, result: PartitionOutput): Promise<ScoringJob | undefined> {
    const { deps, job, handle } = this.#parts;
    const accepted = await ledger.complete(this.#partition, result).catch((error: unknown) => {
      if (error instanceof ConflictError && error.reason === 'SCORING_JOB_TAKEN') return undefined;
      throw error;
    });
    if (accepted) {
      deps.atStep('accepted');
      return accepted;
    }
    deps.log.warn({ job: job.id, partition: this.#partition.number, epoch: this.epoch }, 'a late result was refused');
    for (const file of [result.output, result.errors, result.values]) {
      if (file && !handle.signal.aborted) await deps.files.remove(file.uri, handle.signal);
    }
    return undefined;
  }

  /** Told a few times a second; the loop of the job writes it down now and then. */
  #beat(worker: string): void {
    const isFirst = this.#worker === undefined;
    this.#worker = worker;
    this.#beatAtMs = this.#parts.deps.clock.monotonicMs();
    if (!isFirst || this.#stop.signal.aborted) return;
    this.#renewing = this.#parts.ledger.renew(this.#partition, worker).catch(() => undefined); // only for those who look
  }

  #task(input: string, folder: string): ScoringTask {
    const { job, deps, call, packageFolder } = this.#parts;
    const { plan, model } = job;
    const columns = job.rows?.columns ?? [];
    const { name, version, digest } = model;
    const { workspace } = call.caller;
    return {
      input,
      firstRow: this.#partition.firstRow,
      rows: this.#partition.rows,
      model: { folder: packageFolder, workspace, name, version, digest, trustedKeys: deps.trustedKeys },
      features: columnsNamed(model.columns, columns),
      passthrough: columnsNamed(plan.passthrough, columns),
      required: plan.online ? [...new Set([...plan.online.keys, model.timeColumn])] : [],
      outputs: model.outputs,
      batchRows: Math.min(deps.limits.batchRows, this.#partition.rows),
      failedRowsMax: failedRowsMax(job),
      folder,
    };
  }

  async #store(result: ScoringResult, name: string, folder: string): Promise<PartitionOutput> {
    const { output, errors, values } = result;
    await this.#renewing;
    return {
      scoredRows: result.rows,
      failedRows: result.failedRows,
      output: await this.#storeOne(output, `${name}.parquet`, folder),
      errors: await this.#storeOne(errors, `${name}.errors.parquet`, folder),
      values: await this.#storeOne(values, `${name}.values`, folder),
    };
  }

  async #storeOne(file: WrittenFile | undefined, name: string, folder: string): Promise<StoredFile | undefined> {
    if (!file) return undefined;
    const { deps, handle, job, call } = this.#parts;
    const { bytes, sha256, rows } = file;
    const local = { path: `${folder}/${file.name}`, bytes, sha256 };
    const uri = await deps.files.store(call.caller.workspace, job.id, name, local, handle.signal);
    return { uri, bytes, sha256, rows };
  }
}
