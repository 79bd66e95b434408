import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { seededRandom, systemClock } from '@slipway/kernel';
import { sized, temporaryDirectory } from '@slipway/testing';
import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../audit/verify-audit.ts';
import type { KillOrder } from '../testing/kill/kill-order.ts';
import { Account, accountMigrations } from '../testing/ledger-entity.ts';
import { openTestDatabase } from '../testing/test-databases.ts';

const CHILD = fileURLToPath(new URL('../testing/kill/kill-child.ts', import.meta.url));
const SEED = 20_261_121;
const ROUNDS = sized({ small: 20, full: 400 });
const STEPS = ['work-done', 'before-commit', 'after-commit', 'after-publish', 'after-mark'];

/** Runs a child to its end, by itself or after `killAfterMs`. @returns the names it acknowledged and how it ended. */
async function runChild(order: KillOrder, killAfterMs?: number): Promise<{ acknowledged: string[]; ending: unknown }> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  if (killAfterMs !== undefined) {
    await once(child.stdout, 'data'); // it is at work
    await systemClock.sleep(killAfterMs);
    child.kill('SIGKILL');
  }
  const [code, signal] = await closed;
  return { acknowledged: output.split('\n').filter((line) => line !== ''), ending: signal ?? code };
}

async function verify(directory: string, acknowledged: readonly string[]): Promise<{ rows: number }> {
  const options = { entities: [Account], migrations: accountMigrations };
  const writer = await openTestDatabase({ driver: 'sqlite', file: `${directory}/writer.db` }, options);
  const reader = await openTestDatabase({ driver: 'sqlite', file: `${directory}/reader.db` }, options);
  try {
    const sold = await writer.unitOfWork.read(({ em }) => em.find(Account, {}));
    const applied = await reader.unitOfWork.read(({ em }) => em.find(Account, {}));
    const names = new Set(sold.map(({ name }) => name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]); // nothing acknowledged is lost
    expect(applied.map(({ name }) => name).sort()).toEqual([...names].sort()); // every change has its event, and no other
    expect(applied.filter(({ amount }) => amount !== 1)).toEqual([]); // each was applied once
    const audit = await verifyAudit(writer.database, 'default');
    expect(audit).toMatchObject({ intact: true, records: BigInt(sold.length) });
    return { rows: sold.length };
  } finally {
    await writer.database.close();
    await reader.database.close();
  }
}

describe('kill -9 of a service on SQLite with the embedded bus', () => {
  it('at every step: what was acknowledged is there, delivered and applied once', async () => {
    using directory = temporaryDirectory();
    const acknowledged: string[] = [];
    for (const [round, step] of STEPS.entries()) {
      const order = { directory: directory.path, round, seed: SEED + round, work: 'sell', step, pass: 3 } as const;
      const result = await runChild(order);
      expect(result.ending).toBe('SIGKILL');
      acknowledged.push(...result.acknowledged);
    }
    const finish = { directory: directory.path, round: STEPS.length, seed: SEED + 99, work: 'finish' } as const;
    expect((await runChild(finish)).ending).toBe(0);
    const { rows } = await verify(directory.path, acknowledged);
    expect(rows).toBeGreaterThanOrEqual(10);
    process.stdout.write(
      `killed at ${STEPS.length} steps: ${acknowledged.length} acknowledged, ${rows} rows, each applied once\n`,
    );
  }, 120_000);

  it(`at ${ROUNDS} random moments: the same`, async () => {
    using directory = temporaryDirectory();
    const random = seededRandom(SEED);
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const order = { directory: directory.path, round, seed: SEED + round, work: 'sell' } as const;
      const result = await runChild(order, Math.floor(random.next() * 150));
      expect(result.ending).toBe('SIGKILL');
      acknowledged.push(...result.acknowledged);
    }
    const finish = { directory: directory.path, round: ROUNDS, seed: SEED + 999, work: 'finish' } as const;
    expect((await runChild(finish)).ending).toBe(0);
    const { rows } = await verify(directory.path, acknowledged);
    process.stdout.write(
      `seed ${SEED}, ${ROUNDS} kills: ${acknowledged.length} acknowledged, ${rows} rows, each applied once\n`,
    );
  }, 600_000);
});
