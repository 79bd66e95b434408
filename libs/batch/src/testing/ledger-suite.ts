import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '@slipway/kernel';
import { openTestDatabase, testCaller, type TestDatabases } from '@slipway/persistence/testing';
import { encodeFact } from '../rpc/event-codecs.ts';
import { createBatchUnitOfWork } from '../store/batch-unit-of-work.ts';
import { batchEntities } from '../store/entities.ts';
import { batchMigrations } from '../store/migrations/batch-migrations.ts';
import { sampleJob, sampleOutput } from './sample-job.ts';
import { planPartitions } from '../domain/plan-partitions.ts';
import type { BatchUnitOfWork } from '../domain/unit-of-work.ts';
import { PartitionLedger } from '../domain/use-cases/partition-ledger.ts';

const PARTITIONS = 3;
const LEASE_MS = 1_000;
const call = { caller: testCaller(), requestId: 'test' };

/** What must be true of a ledger, in a few lines. */
interface Model {
  now: number;
  operation: number;
  lost: number;
  readonly partitions: { state: 'waiting' | 'leased' | 'done'; epoch: number; until: number; by: number }[];
}

interface Real {
  readonly units: BatchUnitOfWork;
  readonly time: { now: bigint };
  /** One per runner that ever had the job; those before the last are dead or do not know yet. */
  readonly ledgers: PartitionLedger[];
  readonly job: string;
}

const ledgerOf = (real: Real, operation: number): PartitionLedger =>
  new PartitionLedger(call, { id: real.job, operationId: `op-${operation}` }, { unitOfWork: real.units }, LEASE_MS);

type Command = fc.AsyncCommand<Model, Real>;

const expectSame = async (model: Model, real: Real): Promise<void> => {
  const { job, partitions } = await real.units.read(call.caller, async (reads) => ({
    job: await reads.jobs.get(real.job),
    partitions: await reads.partitions.all(real.job),
  }));
  expect(partitions.map(({ state, epoch }) => ({ state, epoch }))).toEqual(model.partitions.map(({ state, epoch }) => ({ state, epoch }))); // prettier-ignore
  const done = model.partitions.filter(({ state }) => state === 'done').length;
  expect(job).toMatchObject({ finishedPartitions: done, scoredRows: done * 10, lostAttempts: model.lost });
};

const taken = { reason: 'SCORING_JOB_TAKEN' };

class Lease implements Command {
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const number = model.partitions.findIndex(({ state }) => state === 'waiting');
    const leased = await real.ledgers[model.operation]?.lease('w');
    expect(leased?.number ?? -1).toBe(number);
    const partition = model.partitions[number];
    if (partition) Object.assign(partition, { state: 'leased', epoch: partition.epoch + 1, until: model.now + LEASE_MS, by: model.operation }); // prettier-ignore
    await expectSame(model, real);
  }
  toString = () => 'lease';
}

class Complete implements Command {
  readonly number: number;
  readonly epoch: number;
  readonly runner: number;
  constructor(number: number, epoch: number, runner: number) {
    [this.number, this.epoch, this.runner] = [number, epoch, runner];
  }
  check = ({ operation }: Model) => this.runner <= operation;
  async run(model: Model, real: Real): Promise<void> {
    const partition = model.partitions[this.number];
    const answer = real.ledgers[this.runner]?.complete(this, sampleOutput(10));
    if (this.runner < model.operation) await expect(answer).rejects.toMatchObject(taken);
    else {
      const counts = partition?.state === 'leased' && partition.epoch === this.epoch;
      expect((await answer) !== undefined).toBe(counts);
      if (partition && counts) partition.state = 'done';
    }
    await expectSame(model, real);
  }
  toString = () => `complete(${this.number}, epoch ${this.epoch}, runner ${this.runner})`;
}

class Lose implements Command {
  readonly number: number;
  readonly epoch: number;
  constructor(number: number, epoch: number) {
    [this.number, this.epoch] = [number, epoch];
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const partition = model.partitions[this.number];
    const counts = partition?.state === 'leased' && partition.epoch === this.epoch;
    expect((await real.ledgers[model.operation]?.lose(this, 'died')) !== undefined).toBe(counts);
    if (partition && counts) {
      partition.state = 'waiting';
      model.lost += 1;
    }
    await expectSame(model, real);
  }
  toString = () => `lose(${this.number}, epoch ${this.epoch})`;
}

class Renew implements Command {
  readonly number: number;
  readonly epoch: number;
  constructor(number: number, epoch: number) {
    [this.number, this.epoch] = [number, epoch];
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const partition = model.partitions[this.number];
    const counts = partition?.state === 'leased' && partition.epoch === this.epoch;
    expect(await real.ledgers[model.operation]?.renew(this, 'w')).toBe(counts);
    if (partition && counts) partition.until = model.now + LEASE_MS;
    await expectSame(model, real);
  }
  toString = () => `renew(${this.number}, epoch ${this.epoch})`;
}

class Wait implements Command {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    model.now += this.ms;
    real.time.now += BigInt(this.ms) * 1000n;
    const lost = (await real.ledgers[model.operation]?.expire()) ?? [];
    const late = model.partitions.flatMap(({ state, until }, at) => (state === 'leased' && until <= model.now ? [at] : [])); // prettier-ignore
    expect(lost.map(({ number }) => number)).toEqual(late);
    for (const at of late) Object.assign(model.partitions[at] ?? {}, { state: 'waiting' });
    model.lost += late.length;
    await expectSame(model, real);
  }
  toString = () => `wait(${this.ms} ms)`;
}

/** The runner dies and another operation takes the job over. */
class Kill implements Command {
  check = ({ operation }: Model) => operation < 4;
  async run(model: Model, real: Real): Promise<void> {
    model.operation += 1;
    await real.units.run(call, async (tx) => {
      await tx.lock(real.job);
      const job = await tx.jobs.get(real.job);
      if (job) await tx.jobs.put({ ...job, operationId: `op-${model.operation}` });
    });
    real.ledgers.push(ledgerOf(real, model.operation));
    await expect(real.ledgers[model.operation - 1]?.lease('zombie')).rejects.toMatchObject(taken);
    await real.ledgers[model.operation]?.reclaim();
    for (const partition of model.partitions) if (partition.state === 'leased') partition.state = 'waiting';
    await expectSame(model, real);
  }
  toString = () => 'kill';
}

const commands = fc.commands(
  [
    fc.constant(new Lease()),
    fc.tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: 1, max: 4 }), fc.nat(3)).map(([number, epoch, runner]) => new Complete(number, epoch, runner)),
    fc.tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: 1, max: 4 })).map(([number, epoch]) => new Lose(number, epoch)),
    fc.tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: 1, max: 4 })).map(([number, epoch]) => new Renew(number, epoch)),
    fc.integer({ min: 1, max: 1_500 }).map((ms) => new Wait(ms)),
    fc.constant(new Kill()),
  ],
  { maxCommands: 25 },
); // prettier-ignore

/** The ledger in a database against a model of it. */
export function ledgerSuite(name: string, start: () => Promise<TestDatabases>, runs: number): void {
  describe(`ledger of partitions: ${name}`, { timeout: 60_000 }, () => {
    let databases: TestDatabases;
    beforeAll(async () => {
      databases = await start();
    });
    afterAll(() => databases.stop());

    it('agrees with its model, whatever workers and runners do', async () => {
      const time = { now: 1_000_000_000_000_000n };
      const clock: Clock = { now: () => time.now, monotonicMs: () => Number(time.now / 1000n), sleep: () => Promise.resolve() }; // prettier-ignore
      const { database, unitOfWork } = await openTestDatabase(await databases.fresh(), { entities: batchEntities, migrations: batchMigrations, clock }); // prettier-ignore
      const units = createBatchUnitOfWork(unitOfWork, encodeFact);
      let jobs = 0;
      await fc.assert(
        fc.asyncProperty(commands, async (steps) => {
          const job = `job-${(jobs += 1)}`;
          await units.run(call, async (tx) => {
            await tx.jobs.insert({ ...sampleJob(job), operationId: 'op-0', state: 'scoring', phase: 'scoring' });
            const file = { uri: 'artifact:default/x', bytes: 1, sha256: 'a'.repeat(64), rows: 10 * PARTITIONS };
            await tx.partitions.insert(job, planPartitions([file], 10));
          });
          const setup = () => {
            const real: Real = { units, time, ledgers: [], job };
            real.ledgers.push(ledgerOf(real, 0));
            const partitions = Array.from({ length: PARTITIONS }, () => ({ state: 'waiting' as const, epoch: 0, until: 0, by: 0 })); // prettier-ignore
            const model: Model = { now: Number(time.now / 1000n), operation: 0, lost: 0, partitions };
            return { model, real };
          };
          await fc.asyncModelRun(setup, steps);
        }),
        { numRuns: runs },
      );
      await database.close();
    });
  });
}
