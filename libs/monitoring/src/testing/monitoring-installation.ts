import { setImmediate as turn } from 'node:timers/promises';
import { createClient, inProcessTransport, type Client } from '@slipway/clients';
import { predictionLogged, toBusMessage } from '@slipway/contracts';
import { monitorService, type MonitorService } from '@slipway/contracts/slipway.monitoring.v1';
import type { PredictionsLogged } from '@slipway/contracts/slipway.serving.v1';
import {
  createIdSource,
  seededRandom,
  silentLogger,
  systemClock,
  type Caller,
  type Clock,
  type IdSource,
} from '@slipway/kernel';
import type { CommitStep, DatabaseTarget, EventConsumer, UnitOfWork } from '@slipway/persistence';
import { createMemoryEventBus, openTestDatabase, type MemoryEventBus } from '@slipway/persistence/testing';
import { createInvoker } from '@slipway/platform';
import type { TrustedKey } from '@slipway/model-package';
import type { EventBus } from '@slipway/plugin-kit';
import type { RegistryCalls } from '../rpc/package-profile.ts';
import { createMonitoringService } from '../service/create-monitoring-service.ts';
import { monitoringEntities } from '../store/entities.ts';
import { monitoringMigrations } from '../store/migrations/monitoring-migrations.ts';

export interface MonitoringInstallation {
  readonly monitor: Client<MonitorService>;
  readonly bus: MemoryEventBus;
  readonly unitOfWork: UnitOfWork;
  readonly consumer: EventConsumer;
  /** The same for another workspace or principal. */
  connect(workspace: string, principal?: string): Client<MonitorService>;
  /** Delivers an event, and waits until it was handled or given up. */
  deliver(id: string, payload: PredictionsLogged, workspace?: string): Promise<void>;
  /** Types of the events in the outbox, in their order, with their payloads. */
  events(): Promise<readonly { readonly type: string; readonly data: Record<string, unknown> }[]>;
  stop(): Promise<void>;
}

export interface MonitoringInstallationOptions {
  readonly target: DatabaseTarget;
  readonly registry: RegistryCalls;
  readonly trustedKeys?: readonly TrustedKey[];
  readonly clock?: Clock;
  readonly seed?: number;
  readonly evaluateEveryMs?: number;
  readonly atStep?: (step: CommitStep) => void;
  /** One that is open, in place of the one in memory. */
  readonly otherBus?: EventBus;
}

const callerOf = (workspace: string, principal: string): Caller => ({
  principal,
  workspace,
  allWorkspaces: false,
  permissions: new Set(['*']),
});

/** The whole service on a database, with a bus in memory; calls go through the chain that every call goes through. */
export async function startMonitoring(options: MonitoringInstallationOptions): Promise<MonitoringInstallation> {
  const { target, registry, clock = systemClock, seed = 1 } = options;
  const { database, unitOfWork } = await openTestDatabase(target, {
    entities: monitoringEntities,
    migrations: monitoringMigrations,
    clock,
    seed,
    ...(options.atStep ? { atStep: options.atStep } : {}),
  });
  const ids: IdSource = createIdSource(systemClock, seededRandom(seed));
  const bus = createMemoryEventBus();
  const { module, consumer } = createMonitoringService({
    store: { unitOfWork },
    bus: options.otherBus ?? bus,
    registry,
    trustedKeys: options.trustedKeys ?? [],
    clock,
    ids,
    log: silentLogger,
    evaluateEveryMs: options.evaluateEveryMs ?? 3_600_000,
  });
  for (const component of module.components) await component.start(AbortSignal.timeout(10_000));
  const connect = (workspace: string, principal = 'alice'): Client<MonitorService> => {
    const metrics = { started: () => undefined, finished: () => undefined };
    const resolveCaller = () => Promise.resolve(callerOf(workspace, principal));
    const shared = { clock: systemClock, ids, log: silentLogger };
    const invokers = (module.services ?? []).map((service) =>
      createInvoker(service, { ...shared, metrics, resolveCaller }),
    );
    return createClient(monitorService, inProcessTransport({ invokers, clock: systemClock, token: () => 'any' }));
  };
  let delivered = 0;
  return {
    monitor: connect('default'),
    bus,
    unitOfWork,
    consumer,
    connect,
    deliver: async (id, payload, workspace = 'default') => {
      bus.recreate(); // forgets ids, as a broker does after its window
      await bus.publish([messageOf(id, payload, workspace)], AbortSignal.timeout(10_000));
      delivered += 1;
      const settled = () => consumer.status().handled + consumer.status().invalid + consumer.status().dead;
      while (settled() < delivered) await turn();
    },
    events: () =>
      unitOfWork.read(async ({ sql }) => {
        const rows = await sql.all<{ event: string }>('select event from slipway_outbox order by position');
        return rows.map(({ event }) => JSON.parse(event) as { type: string; data: Record<string, unknown> });
      }),
    stop: async () => {
      for (const component of module.components.toReversed()) await component.stop();
      await database.close();
    },
  };
}

/** The message as serving sends it. */
export function messageOf(id: string, payload: PredictionsLogged, workspace = 'default') {
  const { subject, type, schema } = predictionLogged;
  const data = payload as Record<string, unknown>;
  return toBusMessage({ id, subject, type, schema, workspace, time: 1n, key: payload.model ?? '', data }, 'serving');
}
