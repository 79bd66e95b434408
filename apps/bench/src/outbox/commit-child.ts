import { aliasMoved, recordEvent, toBusMessage } from '@slipway/contracts';
import { eventBusSqlitePlugin } from '@slipway/event-bus-sqlite';
import { createIdSource, seededRandom, silentLogger, systemClock, type Caller } from '@slipway/kernel';
import {
  createOutboxRelay,
  createUnitOfWork,
  openDatabase,
  type OutboxRelay,
  type UnitOfWork,
} from '@slipway/persistence';
import type { EventBus } from '@slipway/plugin-kit';
import { answerParent } from '../measure/bench-child.ts';
import { openBareInserts, type BareInserts } from './bare-inserts.ts';
import type { CommitPlan, RelayMeasure } from './commit-plan.ts';
import { Measured, measuredMigrations } from './measured-entity.ts';

interface Opened {
  readonly unitOfWork: UnitOfWork;
  readonly bare: BareInserts;
  readonly relay: OutboxRelay;
  readonly bus: EventBus;
  readonly nextId: () => string;
}

const WRITERS_MAX = 16;
/** As the relay takes them. */
const BATCH_EVENTS = 200;
const { signal } = new AbortController();
const caller: Caller = { principal: 'bench', workspace: 'default', allWorkspaces: false, permissions: new Set(['*']) };
let opened: Opened | undefined;
let count = 0;

async function open({ target, directory, seed }: Extract<CommitPlan, { seed: number }>): Promise<Opened> {
  const random = seededRandom(seed);
  const ids = createIdSource(systemClock, random);
  const shared = { clock: systemClock, log: silentLogger };
  const database = await openDatabase(target, { ...shared, entities: [Measured], migrations: measuredMigrations });
  const bus = eventBusSqlitePlugin.create(eventBusSqlitePlugin.parseConfig({}), {
    ...shared,
    ids,
    dataDirectory: directory,
  });
  await bus.open(signal);
  const relay = createOutboxRelay({ ...shared, database, bus, service: 'bench', owner: ids.next() });
  const bare = await openBareInserts(target, WRITERS_MAX);
  return { unitOfWork: createUnitOfWork({ database, ids, random }), bare, relay, bus, nextId: () => ids.next() };
}

function commitFact(unitOfWork: UnitOfWork, name: string): Promise<void> {
  return unitOfWork.run({ caller, requestId: 'bench' }, async (tx) => {
    tx.em.persist(tx.em.create(Measured, { workspace: 'default', name, amount: 1 }));
    tx.outbox.add(aliasMoved, { ...aliasMoved.sample, model: name });
  });
}

/** @param units whole things that `work` has done when it resolves. @returns units per second. */
async function rateOf(work: () => Promise<void>, units: () => number): Promise<number> {
  const began = performance.now();
  await work();
  return units() / ((performance.now() - began) / 1000);
}

function commitRate(
  { unitOfWork, bare }: Opened,
  { through, writers, seconds }: Extract<CommitPlan, { through: string }>,
): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < end) {
      const name = `model-${(count += 1)}`;
      await (through === 'bare' ? bare.insert(name) : commitFact(unitOfWork, name));
      done += 1;
    }
  };
  return rateOf(
    async () => void (await Promise.all(Array.from({ length: writers }, writer))),
    () => done,
  );
}

async function drain({ unitOfWork, relay, bus, nextId }: Opened, events: number): Promise<RelayMeasure> {
  await relay.flush(signal); // what earlier measurements left
  for (let made = 0; made < events; made += BATCH_EVENTS) {
    await unitOfWork.run({ caller, requestId: 'bench' }, async (tx) => {
      for (let event = 0; event < BATCH_EVENTS; event += 1)
        tx.outbox.add(aliasMoved, { ...aliasMoved.sample, model: `model-${(count += 1)}` });
    });
  }
  const total = Math.ceil(events / BATCH_EVENTS) * BATCH_EVENTS;
  const relayed = await rateOf(
    () => relay.flush(signal),
    () => total,
  );
  const messages = Array.from({ length: total }, () => {
    const at = { id: nextId(), workspace: 'default', time: systemClock.now() };
    const fact = recordEvent(aliasMoved, { ...aliasMoved.sample, model: `model-${(count += 1)}` }, at);
    return toBusMessage(fact, 'bench');
  });
  const published = await rateOf(
    async () => {
      for (let from = 0; from < total; from += BATCH_EVENTS)
        await bus.publish(messages.slice(from, from + BATCH_EVENTS), signal);
    },
    () => total,
  );
  return { relayed, published };
}

answerParent(async (plan: CommitPlan) => {
  if ('target' in plan) {
    opened = await open(plan);
    return;
  }
  if (!opened) throw new Error('no database is open');
  return 'drain' in plan ? drain(opened, plan.drain) : commitRate(opened, plan);
});
