import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWith, sized } from '@slipway/testing';
import { expect, it } from 'vitest';
import { seededRandom } from '@slipway/kernel';
import { Installation, TOKENS, type Cell } from './kill/installation.ts';
import { Journal } from './kill/journal.ts';
import { CONSUMER_STEPS } from './kill/ledger.ts';
import { startLoad } from './kill/load.ts';
import { untilApplied, untilPublished, verifyDatabase, verifyLedger, verifyState } from './kill/verify.ts';

const SEED = 20_261_124;
/** Of a commit: with the work done, before and after the commit (nobody is woken yet). Of the relay: published and not marked, marked. */
const SERVICE_STEPS = ['work-done', 'before-commit', 'after-commit', 'after-publish', 'after-mark'] as const;
const ROUNDS = sized({ small: 1, full: 12 });
/** So early that a slow machine gets there, too. */
const PASS_MAX = 12;
const STEP_WITHIN_MS = 30_000;
const THINK_MS = 30;

const program = join(import.meta.dirname, 'kill/host-main.ts');
const CELLS: readonly Cell[] = (['sqlite', 'nats'] as const).flatMap((bus) =>
  (['sqlite', 'postgresql'] as const).map((database) => ({
    name: `${bus === 'sqlite' ? 'embedded bus' : 'NATS'}, ${database === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`,
    app: 'registry',
    bus,
    database,
    program,
    ledgerInside: bus === 'sqlite',
  })),
);

/** Waits for a process that ends itself. @throws {Error} when it does not get to its step. */
async function untilKilled(what: string, ended: Promise<string>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not reached within ${STEP_WITHIN_MS} ms`), STEP_WITHIN_MS);
  });
  const end = await Promise.race([ended, late]);
  clearTimeout(timer);
  expect(end, what).toBe('SIGKILL');
}

/** Starts the consumer with the order to end itself at this passing of the step, and then without. */
async function killConsumerAtStep(installation: Installation, step: string, pass: number): Promise<void> {
  await installation.endLedger('SIGTERM');
  const ledger = await installation.startLedger({ step, pass });
  await untilKilled(`consumer at ${step} ${pass}`, ledger.ended);
  await installation.startLedger();
}

/** Starts the service with such an order, on what an earlier one has left; it is gone afterwards. */
async function killServiceAtStep(installation: Installation, step: string, pass: number): Promise<void> {
  // It may get to its step before it is ready: then the start fails, and the evidence file tells why.
  const started = await installation.startService({ 'kill.step': step, 'kill.pass': pass }).catch(() => undefined);
  if (!started) return;
  const ended = started.ended.then(({ code, signal }) => String(signal ?? code));
  await untilKilled(`service at ${step} ${pass}`, ended);
}

const evidence = (installation: Installation): string[] =>
  [installation.ledgerDirectory, join(installation.serviceDirectory, 'data')]
    .map((directory) => join(directory, 'killed-at.log'))
    .flatMap((file) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []));

async function killAndCheck(cell: Cell, seed: number): Promise<string> {
  const installation = await Installation.open(cell);
  const journal = new Journal();
  const random = seededRandom(seed);
  let load: ReturnType<typeof startLoad> | undefined;
  const ordered: string[] = [];
  try {
    if (!cell.ledgerInside) await installation.startLedger();
    load = startLoad({ address: installation.address, tokens: TOKENS, clients: 4, seed, thinkMs: THINK_MS, journal });
    for (let round = 0; round < ROUNDS; round += 1) {
      const order = (step: string): [string, number] => {
        const pass = 1 + Math.floor(random.next() * PASS_MAX);
        ordered.push(`${step} ${pass}`);
        return [step, pass];
      };
      const consumerSteps = cell.ledgerInside ? [] : CONSUMER_STEPS;
      for (const step of [...SERVICE_STEPS, ...(cell.ledgerInside ? CONSUMER_STEPS : [])])
        await killServiceAtStep(installation, ...order(step));
      await installation.startService();
      for (const step of consumerSteps) await killConsumerAtStep(installation, ...order(step));
      if (round + 1 < ROUNDS) await installation.killService();
    }
    await load.stop();
    await verifyState(installation, journal);
    await untilPublished(installation, 40_000);
    expect((await installation.stopService()).code).toBe(0);
    expect(evidence(installation).sort()).toEqual([...ordered].sort());
    const { eventIds, auditRecords } = await verifyDatabase(installation, journal);
    if (cell.ledgerInside) await installation.startLedger(); // what the consumer in the service had no time for
    await untilApplied(installation.ledgerDirectory, eventIds.length, 60_000);
    await installation.endLedger('SIGTERM');
    const { applied, duplicates } = await verifyLedger(installation.ledgerDirectory, journal, eventIds);
    expect(duplicates).toBeGreaterThan(0); // of every consumer that died between effect and acknowledgement
    expect(installation.unexpectedEnds).toEqual([]);
    const { acknowledged, retried } = journal.counts;
    return `${cell.name}, seed ${seed}: killed at ${ordered.join(', ')}; calls acknowledged ${acknowledged}, retried ${retried}; events ${applied}, each applied once, duplicates delivered ${duplicates}; audit records ${auditRecords}, intact`;
  } finally {
    await load?.close();
    await installation.close();
  }
}

for (const [index, cell] of CELLS.entries()) {
  const servers = [
    ...(cell.bus === 'nats' ? (['nats'] as const) : []),
    ...(cell.database === 'postgresql' ? (['postgresql'] as const) : []),
  ];
  describeWith(servers, `kill -9 at every named step: ${cell.name}`, () => {
    it(
      'keeps, delivers and applies once what was acknowledged',
      async () => {
        process.stdout.write(`${await killAndCheck(cell, SEED + index)}\n`);
      },
      sized({ small: 180_000, full: 3_600_000 }),
    );
  });
}
