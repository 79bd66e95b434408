import { seededRandom } from '@slipway/kernel';
import { describeWith, sized } from '@slipway/testing';
import { expect, it } from 'vitest';
import { Chaos } from './kill/chaos.ts';
import { Installation, TOKENS, type Cell } from './kill/installation.ts';
import { Journal } from './kill/journal.ts';
import { startLoad } from './kill/load.ts';
import {
  untilApplied,
  untilPublished,
  verifyDatabase,
  verifyLedger,
  verifyRepeats,
  verifyState,
} from './kill/verify.ts';

const SEED = 20_261_121;
/** Of each kind at least one. */
const KILLS_MIN = sized({ small: 4, full: 100 });
const THINK_MS = 60;
const CELLS: readonly Cell[] = [
  { name: 'one process: embedded bus, SQLite', app: 'slipway', bus: 'sqlite', database: 'sqlite' },
  { name: 'NATS, SQLite', app: 'registry', bus: 'nats', database: 'sqlite' },
  { name: 'NATS, PostgreSQL', app: 'registry', bus: 'nats', database: 'postgresql' },
];

/** The embedded log belongs to one process: its consumer runs after the service, and is killed then. */
async function killConsumerOfLog(installation: Installation, random: () => number, kills: number): Promise<number> {
  for (let count = 0; count < kills; count += 1) {
    await installation.startLedger();
    await new Promise((resolve) => setTimeout(resolve, random() * 150));
    await installation.endLedger('SIGKILL');
  }
  await installation.startLedger();
  return kills;
}

async function killAndCheck(cell: Cell, seed: number): Promise<string> {
  const installation = await Installation.open(cell);
  const journal = new Journal();
  const random = seededRandom(seed);
  const chaos = new Chaos(installation, journal, random);
  const kills = Math.max(KILLS_MIN, chaos.kinds);
  let load: ReturnType<typeof startLoad> | undefined;
  try {
    await installation.startService();
    if (cell.bus === 'nats') await installation.startLedger();
    load = startLoad({ address: installation.address, tokens: TOKENS, clients: 8, seed, thinkMs: THINK_MS, journal });
    await chaos.run(kills);
    await load.stop();
    await installation.killService(); // what is verified has survived one more kill
    await installation.startService();
    const repeated = await verifyRepeats(journal);
    await verifyState(installation, journal);
    const lastEventMs = await untilPublished(installation, 40_000);
    expect(await installation.stopService()).toMatchObject({ code: 0 });
    const { eventIds, auditRecords } = await verifyDatabase(installation, journal);
    const { counts } = chaos;
    if (cell.bus === 'sqlite') counts.consumer += await killConsumerOfLog(installation, () => random.next(), kills / 4);
    await untilApplied(installation.ledgerDirectory, eventIds.length, 60_000);
    await installation.endLedger('SIGTERM');
    const { applied, duplicates } = await verifyLedger(installation.ledgerDirectory, journal, eventIds);
    expect(installation.unexpectedEnds).toEqual([]);
    const killed = Object.entries({ ...counts, service: counts.service + 1 }).map(
      ([what, count]) => `${what} ${count}`,
    );
    const { acknowledged, retried } = journal.counts;
    return `${cell.name}, seed ${seed}: kills: ${killed.join(', ')}; calls acknowledged ${acknowledged}, retried ${retried}, repeated ${repeated}; events ${applied}, each applied once, duplicates delivered ${duplicates}, last one published ${lastEventMs} ms after the end; audit records ${auditRecords}, intact`;
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
  describeWith(servers, `kill -9 at ${KILLS_MIN} random moments or more under load: ${cell.name}`, () => {
    it(
      'keeps, delivers and applies once what was acknowledged',
      async () => {
        process.stdout.write(`${await killAndCheck(cell, SEED + index)}\n`);
      },
      sized({ small: 120_000, full: 3_600_000 }),
    );
  });
}
