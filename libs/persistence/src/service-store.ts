import type { Component } from '@slipway/kernel';
import type { EventBus } from '@slipway/plugin-kit';
import type { Config, ProcessContext } from '@slipway/platform';
import type { EntitySchema } from '@mikro-orm/core';
import type { MigrationLists } from './database/migration.ts';
import { openDatabase, type Database } from './database/open-database.ts';
import { metadataTarget, type MetadataSettings } from './metadata-settings.ts';
import type { OperationRunner } from './operations/operation-runner.ts';
import { createOutboxRelay, type OutboxRelay, type RelayStep } from './outbox/outbox-relay.ts';
import { createUnitOfWork, type CommitStep } from './unit-of-work/create-unit-of-work.ts';
import type { UnitOfWork } from './unit-of-work/transaction.ts';

/** The metadata of one service with its way to the bus. */
export interface ServiceStore {
  readonly service: string;
  readonly database: Database;
  readonly unitOfWork: UnitOfWork;
  readonly relay: OutboxRelay;
  /** In the order of their start: database, probe, relay. */
  readonly components: readonly Component[];
  /** Given by services that begin long work of their own; `openPlatformServices` starts and stops it. */
  readonly operations?: OperationRunner;
  /** Whether the database answered when it was last asked, at most a second ago. */
  isHealthy(): boolean;
}

/** For kill tests. */
export interface ServiceStoreHooks {
  /** Called at each named step of a commit and of the relay. */
  readonly atStep?: (step: CommitStep | RelayStep) => void;
  /** How long events wait on PostgreSQL when a relay was killed; see `OutboxRelayOptions`. */
  readonly leaseMs?: number;
}

const PROBE_EVERY_MS = 1_000;

/**
 * Opens the database of a service, brings its schema up to date and ties its outbox to the bus.
 * @param service e.g. `registry`; names the file or schema, and the source of its events.
 */
export async function openServiceStore<Known extends MetadataSettings>(
  context: ProcessContext<Known>,
  bus: EventBus,
  service: string,
  schema: { readonly entities: readonly EntitySchema[]; readonly migrations: MigrationLists },
  hooks: ServiceStoreHooks = {},
): Promise<ServiceStore> {
  const { clock, ids, random } = context;
  const log = context.log.child({ module: service });
  const config = context.config as unknown as Config<MetadataSettings>; // one of more settings is one of these, too
  const target = metadataTarget(config, context.dataDirectory, service);
  const database = await openDatabase(target, { ...schema, log, clock });
  const isAlone = target.driver === 'sqlite'; // the file is in a data directory, which is locked for one process
  const relay = createOutboxRelay({ database, bus, service, owner: ids.next(), isAlone, clock, log, ...hooks });
  const unitOfWork = createUnitOfWork({ database, ids, random, onEvents: () => relay.wake(), ...hooks });
  const probe = new DatabaseProbe(database, context);
  exposeOutbox(context, service, relay);
  return {
    service,
    database,
    unitOfWork,
    relay,
    components: [closing(database, service), probe, relay],
    isHealthy: () => probe.healthy,
  };
}

const closing = (database: Database, service: string): Component => ({
  name: `${service} database`,
  start: () => Promise.resolve(), // open already: its schema was needed to compose the service
  stop: () => database.close(),
});

/** Asks the database once a second, so that readiness need not. */
class DatabaseProbe implements Component {
  readonly name = 'database probe';
  healthy = true;
  readonly #database: Database;
  readonly #context: Pick<ProcessContext, 'clock'>;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(database: Database, context: Pick<ProcessContext, 'clock'>) {
    this.#database = database;
    this.#context = context;
  }

  start(): Promise<void> {
    this.#loop ??= this.#run(this.#stopped.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.healthy = await this.#database.isHealthy();
      await this.#context.clock.sleep(PROBE_EVERY_MS, signal).catch(() => undefined); // aborted: the loop ends
    }
  }
}

function exposeOutbox({ metrics }: Pick<ProcessContext, 'metrics'>, service: string, relay: OutboxRelay): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    metrics.gauge({ name: `slipway_${service.replaceAll('-', '_')}_outbox_${name}`, help, read });
  };
  gauge('backlog', 'Events committed and not yet acknowledged by the bus.', () => relay.status().backlog);
  gauge('oldest_age_seconds', 'Age of the oldest event that waits.', () => relay.status().oldestAgeMs / 1000);
  gauge('published_events', 'Events published since the start.', () => relay.status().published);
  gauge('failed_rounds', 'Rounds of the relay that failed since the start.', () => relay.status().failures);
  gauge(
    'republished_events',
    'Events published again because the bus had lost them.',
    () => relay.status().republished,
  );
}
